package io.holdfast.journal;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Whether a failure is that of a full disk: the kernel's words do not say so plainly. Any thread. */
final class DiskSpace {
    /** Less than this is as good as nothing: the file system needs some for itself. */
    static final long SPARE_BYTES = 1 << 20;

    private DiskSpace() {
    }

    /** {@code "disk full: "} in front of a failure when so many bytes are not to be had, else nothing. */
    static String fullFor(Path dir, long bytes) {
        try {
            return Files.getFileStore(dir).getUsableSpace() < bytes ? "disk full: " : "";
        } catch (IOException e) {
            return ""; // the failure that is being told of says more
        }
    }
}
