package io.holdfast.cli.inspect.reexecute;

import com.fasterxml.jackson.annotation.JsonIgnore;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;

/**
 * What a re-execution showed; immutable.
 *
 * @param markIndex      the checkpoint it began with
 * @param manifestSha256 of the checkpoint's manifest, as the group committed it
 * @param lastIndex      last entry given
 * @param entries        packets given
 * @param held           packets that waited for the workload
 * @param clamped        acknowledgements of bytes the workload did not send, cut down
 * @param unread         waits for the workload to read that were given up
 * @param skipped        packets of connections that the clone does not have
 * @param settled        whether the workload had come to rest at the end
 * @param tookMicros     for the packets, without restoring
 * @param workloadPid    its number in the sandbox
 * @param sha256         over all connections' acknowledged bytes, see {@link #digest}
 * @param closed         connections that a takeover in the stretch closed on purpose, with the reason
 * @param connections    in the order of their SYNs
 */
record ReexecutionReport(long markIndex, String manifestSha256, String service, long lastIndex, long entries, long held,
                         long clamped, long unread, long skipped, boolean settled, long tookMicros, long workloadPid,
                         String sha256, Map<String, String> closed, List<Answers> connections) {
    ReexecutionReport {
        closed = Map.copyOf(closed);
        connections = List.copyOf(connections);
    }

    /**
     * What the workload answered on one connection.
     *
     * @param synIndex           entry that began it; up to the mark when the image holds it
     * @param streamOffset       bytes the server had sent before those counted here, modulo 2^32
     * @param acknowledgedBytes  answers that the client acknowledges within the stretch
     * @param acknowledgedSha256 of these bytes
     * @param producedBytes      answers up to where the workload had got at the end
     * @param producedSha256     of these bytes, the acknowledged ones first
     * @param missingBytes       that were lost on the way to us; more than 0 makes the digests worthless
     * @param finished           whether the workload closed its side
     * @param reset              whether the workload reset the connection
     * @param parting            null when the client acknowledges nothing that was not sent
     */
    record Answers(String connection, long synIndex, long streamOffset, long acknowledgedBytes, String acknowledgedSha256,
                   long producedBytes, String producedSha256, long missingBytes, boolean finished, boolean reset, Parting parting) {
    }

    /**
     * Where the answers end although the client acknowledges more.
     *
     * @param entry        that acknowledges it
     * @param atByte       of the server's stream, modulo 2^32
     * @param missingBytes acknowledged beyond it by that entry
     */
    record Parting(long entry, long atByte, long missingBytes) {
    }

    static List<Answers> inOrder(List<Answers> connections) {
        return connections.stream().sorted(Comparator.comparingLong(Answers::synIndex).thenComparing(Answers::connection))
                .toList();
    }

    /** Over a line for each connection: name, SYN's entry, offset, bytes, digest. */
    static String digest(List<Answers> connections) {
        MessageDigest all = AnswerStream.sha256();
        for (Answers each : connections) {
            all.update("%s %d %d %d %s\n".formatted(each.connection(), each.synIndex(), each.streamOffset(),
                    each.acknowledgedBytes(), each.acknowledgedSha256()).getBytes(StandardCharsets.US_ASCII));
        }
        return HexFormat.of().formatHex(all.digest());
    }

    /** Whether the workload answered all that clients acknowledge, as far as amounts can tell. */
    @JsonIgnore
    boolean agrees() {
        return connections.stream().allMatch(each -> each.parting() == null && each.missingBytes() == 0);
    }
}
