package io.holdfast.journal;

import java.nio.file.Path;

/** The journal is damaged, its storage failed, or its directory is in use; names the file and the place where it can. */
public final class JournalException extends RuntimeException {
    /** What to do with a member whose journal cannot be trusted any more. */
    static final String REJOIN = "Keep the directory for analysis, then remove this member from the group and add it again"
            + " with an empty one: the others send it everything";
    private static final long serialVersionUID = 1L;

    private final transient Path file;
    private final long offsetBytes;

    public JournalException(String message) {
        this(message, null);
    }

    public JournalException(String message, Throwable cause) {
        super(message, cause);
        this.file = null;
        this.offsetBytes = -1;
    }

    public JournalException(Path file, long offsetBytes, String message) {
        this(file, offsetBytes, message, null);
    }

    public JournalException(Path file, long offsetBytes, String message, Throwable cause) {
        super(file + (offsetBytes < 0 ? "" : " at byte " + offsetBytes) + ": " + message, cause);
        this.file = file;
        this.offsetBytes = offsetBytes;
    }

    static String otherFormat(int found, int known) {
        return "the journal has format " + found + ", this program reads " + known + ". Read it with the version that wrote"
                + " it, or begin with an empty directory";
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
