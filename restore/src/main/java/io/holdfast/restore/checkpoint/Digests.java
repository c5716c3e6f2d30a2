package io.holdfast.restore.checkpoint;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/** SHA-256 of files and streams. Stateless; any thread. */
final class Digests {
    private static final int CHUNK_BYTES = 128 * 1024;

    private Digests() {
    }

    record FileDigest(long sizeBytes, String sha256) {
    }

    static String of(byte[] bytes) {
        return HexFormat.of().formatHex(sha256().digest(bytes));
    }

    /** Of a regular file; a link is refused, not followed. */
    static FileDigest of(Path file) throws IOException {
        try (InputStream in = Files.newInputStream(file, LinkOption.NOFOLLOW_LINKS)) {
            return copy(in, OutputStream.nullOutputStream(), Long.MAX_VALUE);
        }
    }

    /** Copies until the end of {@code in}, or until more than {@code maxBytes} were read; says what was read. */
    static FileDigest copy(InputStream in, OutputStream out, long maxBytes) throws IOException {
        MessageDigest digest = sha256();
        byte[] chunk = new byte[CHUNK_BYTES];
        long sizeBytes = 0;
        for (int count = in.read(chunk); count >= 0 && sizeBytes <= maxBytes; count = in.read(chunk)) {
            digest.update(chunk, 0, count);
            out.write(chunk, 0, count);
            sizeBytes += count;
        }
        return new FileDigest(sizeBytes, HexFormat.of().formatHex(digest.digest()));
    }

    private static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256 (java.security.MessageDigest)", e);
        }
    }
}
