package io.holdfast.journal;

import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;

/** The journal is damaged, its storage failed, or its directory is in use; names the file and the place where it can. */
public final class JournalException extends RuntimeException {
    /** What to do with a member whose journal cannot be trusted any more. */
    static final String REJOIN = "Keep the directory for analysis, then remove this member from the group and add it again"
            + " with an empty one: the others send it everything";
    /** What to do when the operating system refuses: the journal itself may be whole. */
    static final String MEND = "Mend what the operating system tells of and start again. If the disk holds what it held no more: " + REJOIN;
    private static final long serialVersionUID = 1L;

    private final transient Path file;
    private final long offsetBytes;
    /** Whether the message ends with what to do. */
    private final boolean advises;

    public JournalException(String message) {
        this(message, null);
    }

    public JournalException(String message, Throwable cause) {
        super(message, cause);
        this.file = null;
        this.offsetBytes = -1;
        this.advises = false;
    }

    public JournalException(Path file, long offsetBytes, String message) {
        this(file, offsetBytes, message, null);
    }

    public JournalException(Path file, long offsetBytes, String message, Throwable cause) {
        this(file, offsetBytes, file + (offsetBytes < 0 ? "" : " at byte " + offsetBytes) + ": " + message, false, cause);
    }

    private JournalException(Path file, long offsetBytes, String message, boolean advises, Throwable cause) {
        super(message, cause);
        this.file = file;
        this.offsetBytes = offsetBytes;
        this.advises = advises;
    }

    /** Where something else helps than {@link #REJOIN}. */
    static JournalException advising(Path file, long offsetBytes, String message, String advice, Throwable cause) {
        return new JournalException(file, offsetBytes, message, cause).with(advice);
    }

    static JournalException otherFormat(Path file, long offsetBytes, int found, int known) {
        return advising(file, offsetBytes, "the journal has format " + found + ", this program reads " + known,
                "Read it with the version that wrote it, or begin with an empty directory", null);
    }

    /**
     * Why a member does not start with this file or directory, and what to do about it. Here alone the advice is added: who
     * only reads a journal meets the same damage and has no member to remove.
     */
    static JournalException refusal(Path of, String what, Exception why) {
        JournalException refusal = why instanceof JournalException known ? known : new JournalException(of, -1, what + why, why);
        if (refusal.advises) {
            return refusal;
        }
        Throwable cause = refusal.getCause();
        return refusal.with(cause instanceof IOException && !(cause instanceof NoSuchFileException) ? MEND : REJOIN);
    }

    private JournalException with(String advice) {
        JournalException advising = new JournalException(file, offsetBytes, getMessage() + ". " + advice, true, getCause());
        advising.setStackTrace(getStackTrace());
        return advising;
    }

    /** The file it is about, or null. */
    public Path file() {
        return file;
    }

    /** The place in {@link #file()}, or -1. */
    public long offsetBytes() {
        return offsetBytes;
    }
}
