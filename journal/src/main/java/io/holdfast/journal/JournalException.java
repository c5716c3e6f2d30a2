package io.holdfast.journal;

import java.nio.file.Path;

/** The journal is damaged, its storage failed, or its directory is in use; names the file and the place where it can. */
public final class JournalException extends RuntimeException {
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

    /** The file it is about, or null. */
    public Path file() {
        return file;
    }

    /** The place in {@link #file()}, or -1. */
    public long offsetBytes() {
        return offsetBytes;
    }
}
