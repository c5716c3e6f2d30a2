package io.holdfast.journal;

/** Asked by the journal's writer: entries to be appended together, one after the other. */
public interface EntrySource {
    /** Goes on to the next entry; false when there is none. What the one before consisted of is not looked at any more. */
    boolean next();

    long term();

    /** Whether the group protocol itself wrote it. */
    boolean internal();

    /** Where the command stands, at {@link #offset()} in {@link #length()} bytes. */
    byte[] buffer();

    int offset();

    int length();
}
