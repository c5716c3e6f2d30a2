package io.holdfast.restore.checkpoint;

import com.fasterxml.jackson.annotation.JsonInclude;

/**
 * One file, directory or link of a checkpoint. Immutable.
 *
 * @param path       below the checkpoint, parts joined by '/': {@code image/...}, or {@code data/<n>/...} for what lies in
 *                   the n-th data directory; {@code data/<n>} is that directory itself
 * @param sizeBytes  of a file, otherwise 0
 * @param sha256     of a file, in hexadecimal; otherwise null
 * @param linkTarget of a symbolic link; otherwise null. It stands only here: a checkpoint on disk holds no links
 * @param mode       permission bits with set-user-id, set-group-id and sticky; 0 for files of the image, as is all below
 * @param mtimeNanos time of last modification, nanoseconds since 1970
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
public record ManifestEntry(String path, Kind kind, long sizeBytes, String sha256, String linkTarget, int mode, int uid,
                            int gid, long mtimeNanos) {
    /** What an entry is. */
    public enum Kind {
        /** A regular file. */
        FILE,
        /** A directory, perhaps an empty one. */
        DIRECTORY,
        /** A symbolic link, never followed. */
        LINK,
        /** A named pipe; what was in it is in the image. */
        PIPE
    }

    ManifestEntry withDigest(long sizeBytes, String sha256) {
        return new ManifestEntry(path, kind, sizeBytes, sha256, linkTarget, mode, uid, gid, mtimeNanos);
    }
}
