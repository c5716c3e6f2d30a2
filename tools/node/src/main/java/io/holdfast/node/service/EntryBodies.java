package io.holdfast.node.service;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.holdfast.journal.Command;
import io.holdfast.journal.EntryKind;

import java.io.IOException;
import java.util.List;
import java.util.Map;

/** The JSON bodies of the entries a node writes about itself, and their way into a command and back. */
public final class EntryBodies {
    private static final ObjectMapper JSON = new ObjectMapper();

    private EntryBodies() {
    }

    /**
     * Body of a MARK. The mark's own index names the checkpoint.
     *
     * @param node   primary that takes the checkpoint
     * @param reason why now: interval, entries, request, takeover
     */
    @JsonIgnoreProperties(ignoreUnknown = true)
    public record Mark(String node, String reason) {
    }

    /**
     * Body of a CHECKPOINT_READY: from here on the checkpoint counts (I8).
     *
     * @param markIndex      index of the mark
     * @param manifestSha256 digest of the manifest file, which holds the digest of every other file
     * @param bytes          size of all files
     * @param holders        nodes that hold it verified and on disk, a majority
     * @param node           primary that took it
     * @param gateClosedMs   how long packets waited for it
     */
    @JsonIgnoreProperties(ignoreUnknown = true)
    public record Ready(long markIndex, String manifestSha256, long bytes, List<String> holders, String node,
                        double gateClosedMs) {
        public Ready {
            holders = List.copyOf(holders);
        }
    }

    /**
     * Body of a TAKEOVER_STEP.
     *
     * @param step      reached at this entry
     * @param node      node that takes over
     * @param term      its term
     * @param elapsedMs since the step before
     * @param detail    one line for people
     * @param counts    what the step counted, by the names below
     */
    @JsonIgnoreProperties(ignoreUnknown = true)
    public record Step(TakeoverStep step, String node, long term, double elapsedMs, String detail,
                       Map<String, Long> counts) {
        public static final String REPLAYED = "replayedEntries";
        public static final String SURVIVED = "survived";
        public static final String CLOSED = "closed";

        public Step {
            counts = counts == null ? Map.of() : Map.copyOf(counts);
        }
    }

    /**
     * Body of a CONNECTION_CLOSED: a connection that could not be carried on exactly (I5).
     *
     * @param connection client and server endpoint
     * @param reason     why
     * @param node       that closed it
     * @param term       of the takeover
     */
    @JsonIgnoreProperties(ignoreUnknown = true)
    public record Closed(String connection, String reason, String node, long term) {
    }

    /**
     * Body of an EVENT.
     *
     * @param what   one of the names below; readers skip what they do not know
     * @param node   whom it is about
     * @param term   in which it happened
     * @param detail depends on {@code what}
     */
    @JsonIgnoreProperties(ignoreUnknown = true)
    public record Event(String what, String node, long term, String detail) {
        /** The node, the primary until now, sends no more with the virtual address in this term. */
        public static final String LEASE_RETURNED = "LEASE_RETURNED";
        /** It does again: it could not hand over the lead. */
        public static final String LEASE_RETAKEN = "LEASE_RETAKEN";
        /** The node, about to be let in, has its admin endpoint at {@code detail}: address and port. */
        public static final String MEMBER_PLACE = "MEMBER_PLACE";
    }

    /**
     * Body of a STATISTICS: what the gate measured since the last one. Histograms are HdrHistogram's compressed form in
     * Base64; times in nanoseconds.
     *
     * @param node             the primary
     * @param fromEpochNanos   the first packet of them was released at this time or later
     * @param toEpochNanos     and the last at this time or earlier
     * @param captureToCommit  how long packets waited for a majority
     * @param commitToRelease  and then for their verdict
     * @param releasedTogether how many packets were released by one verdict
     */
    @JsonIgnoreProperties(ignoreUnknown = true)
    public record Statistics(String node, long fromEpochNanos, long toEpochNanos, String captureToCommit, String commitToRelease,
                             String releasedTogether) {
    }

    /** A whole command of the given kind with {@code body} as JSON, dated now. */
    public static byte[] command(EntryKind kind, Object body) {
        try {
            return Command.encode(kind, 0, WallClock.epochNanos(), JSON.writeValueAsBytes(body));
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException("body of " + kind + " cannot be written as JSON", e);
        }
    }

    /** The body of a command as {@code type}; the journal's checksum has passed, so a failure is a broken invariant. */
    public static <T> T body(byte[] command, int offset, int length, Class<T> type) {
        try {
            return JSON.readValue(command, offset + Command.HEADER_BYTES, length - Command.HEADER_BYTES, type);
        } catch (IOException e) {
            throw new IllegalStateException("a committed entry is no " + type.getSimpleName() + ": " + e.getMessage(), e);
        }
    }
}
