package io.holdfast.test;

import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.capture.Ipv4Packet;
import io.holdfast.capture.TcpView;
import io.holdfast.cli.HoldfastCommand;
import io.holdfast.cli.testbed.SystemCommand;
import io.holdfast.journal.EntryKind;
import io.holdfast.journal.JournalEntry;
import io.holdfast.journal.JournalReader;
import io.holdfast.restore.connection.TcpTuple;
import java.io.ByteArrayOutputStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What tshark reads in an export of a real journal is what the journal holds. */
class ExportTest {
    private static final Pattern CONVERSATION = Pattern.compile(
            "^([0-9.]+):([0-9]+) +<-> +([0-9.]+):([0-9]+) +0 .*? +([0-9]+) .*");

    @TempDir
    private Path dir;

    /** One connection as the journal has it; a packet that came twice counts twice, its bytes once. */
    private static final class Sent {
        private final ByteArrayOutputStream stream = new ByteArrayOutputStream();
        private long packets;
        private int next;

        void add(TcpView segment) {
            packets++;
            if (segment.has(TcpView.SYN)) {
                next = segment.sequence() + 1;
            }
            int known = next - segment.sequence();
            if (segment.payloadLength() > 0 && known >= 0 && known < segment.payloadLength()) {
                stream.write(segment.packet().buffer().array(), segment.payloadOffset() + known, segment.payloadLength() - known);
                next = segment.sequence() + segment.payloadLength();
            }
        }
    }

    @Test
    void tsharkSeesThePacketsConversationsAndBytesOfTheJournal() throws Exception {
        Assumptions.assumeTrue(Files.isExecutable(Path.of("/usr/bin/tshark")), "tshark is not installed");
        RunningCluster.run("export", spec -> spec.withCheckpoint("criu", 60_000), cluster -> {
            cluster.client().open(3, 1);
            cluster.client().open(1, 20);
            cluster.letCount(200);
            long mark = cluster.checkpoint();
            cluster.letCount(100);
            cluster.expectNothingLost();
            Path journal = cluster.testbed().layout().disk(cluster.standby(0).number()).resolve("holdfast/redis/journal");
            try (JournalReader reader = JournalReader.open(journal)) {
                // The cluster lives on: what is compared ends at an entry.
                long last = reader.lastIndex();
                Map<TcpTuple, Sent> sent = read(reader, last);
                Path file = dir.resolve("all.pcapng");
                export(journal.toString(), "--to", Long.toString(last), "-o", file.toString(), "--fix-checksums");
                compare(file, sent);
                assertThat(tshark(file, "-T", "fields", "-e", "frame.comment").stream()
                        .filter(line -> line.contains("MARK, entry " + mark + ","))).as("the mark's comment").hasSize(1);
                TcpTuple one = sent.keySet().iterator().next();
                export(journal.toString(), "--to", Long.toString(last), "-o", file.toString(), "--connection", one.toString());
                assertThat(tshark(file)).as("packets of one connection").hasSize((int) sent.get(one).packets);
            }
            inspectTellsWhatHappened(cluster, journal, mark);
        });
    }

    /** The questions that are not export's, asked of the same journals beside the nodes that write them. */
    private void inspectTellsWhatHappened(RunningCluster cluster, Path journal, long mark) throws Exception {
        assertThat(inspect(0, "describe", journal.toString())).contains("mark " + mark + " by n").contains("5 CLOSED");
        assertThat(inspect(0, "connections", journal.toString(), "--json").lines().filter(line -> line.contains("\"CLOSED\"")))
                .as("four clients and the node's own question whether Redis is there").hasSize(5);
        assertThat(inspect(0, "verify", journal.toString())).startsWith("whole: ").containsPattern(", [1-9][0-9]* checkpoints as committed");
        // Of few packets it is journaled within ten seconds.
        Awaitility.await().atMost(60, TimeUnit.SECONDS).untilAsserted(() -> assertThat(inspect(0, "stats", journal.toString()))
                .contains("capture to commit").doesNotContain("nothing was journaled"));
        try (JournalReader reader = JournalReader.open(journal)) {
            Path stream = dir.resolve("stream");
            for (Map.Entry<TcpTuple, Sent> each : read(reader, reader.lastIndex()).entrySet()) {
                inspect(0, "stream", journal.toString(), each.getKey().toString(), "-o", stream.toString());
                assertThat(Files.readAllBytes(stream)).isEqualTo(each.getValue().stream.toByteArray());
            }
        }
        String[] all = {"diff", journal(cluster, cluster.primary().number()), journal(cluster, cluster.standby(0).number()),
            journal(cluster, cluster.standby(1).number())};
        StringWriter said = new StringWriter();
        assertThat(HoldfastCommand.execute(new PrintWriter(said), new PrintWriter(said), concat("inspect", all))).as(said.toString()).isIn(0, 1);
        assertThat(said.toString()).startsWith("the same from entry 1 to ").contains("the last all hold");
    }

    private static String journal(RunningCluster cluster, int node) {
        return cluster.testbed().layout().disk(node).resolve("holdfast/redis/journal").toString();
    }

    private static String inspect(int exitCode, String... arguments) {
        StringWriter said = new StringWriter();
        assertThat(HoldfastCommand.execute(new PrintWriter(said), new PrintWriter(said), concat("inspect", arguments))).as(said.toString())
                .isEqualTo(exitCode);
        return said.toString();
    }

    private static String[] concat(String first, String... others) {
        List<String> all = new ArrayList<>(List.of(first));
        all.addAll(List.of(others));
        return all.toArray(String[]::new);
    }

    private static Map<TcpTuple, Sent> read(JournalReader reader, long last) {
        Map<TcpTuple, Sent> sent = new LinkedHashMap<>();
        JournalEntry entry = new JournalEntry();
        Ipv4Packet packet = new Ipv4Packet();
        TcpView segment = new TcpView();
        for (long index = reader.firstIndex(); index <= last; index++) {
            assertThat(reader.read(index, entry)).isTrue();
            if (entry.kind() == EntryKind.PACKET) {
                assertThat(packet.wrap(ByteBuffer.wrap(entry.buffer()), entry.bodyOffset(), entry.bodyLength())
                        && segment.wrap(packet)).as("entry %d is a segment", index).isTrue();
                sent.computeIfAbsent(TcpTuple.of(segment), key -> new Sent()).add(segment);
            }
        }
        return sent;
    }

    private static void compare(Path file, Map<TcpTuple, Sent> sent) {
        long packets = sent.values().stream().mapToLong(s -> s.packets).sum();
        List<String> checksums = tshark(file, "-o", "tcp.check_checksum:TRUE", "-o", "ip.check_checksum:TRUE", "-T", "fields",
                "-e", "ip.checksum.status", "-e", "tcp.checksum.status");
        assertThat(checksums).as("good checksums").hasSize((int) packets).containsOnly("1\t1");
        assertThat(conversations(file)).isEqualTo(counts(sent));
        int number = 0;
        for (Sent each : sent.values()) {
            List<String> follow = tshark(file, "-q", "-z", "follow,tcp,raw," + number++);
            String hex = String.join("", follow.stream().filter(line -> line.matches("[0-9a-f]+")).toList());
            assertThat(hex).as("bytes of stream %d", number - 1).isEqualTo(HexFormat.of().formatHex(each.stream.toByteArray()));
        }
    }

    private static Map<TcpTuple, Long> counts(Map<TcpTuple, Sent> sent) {
        Map<TcpTuple, Long> counts = new LinkedHashMap<>();
        sent.forEach((tuple, each) -> counts.put(tuple, each.packets));
        return counts;
    }

    private static Map<TcpTuple, Long> conversations(Path file) {
        Map<TcpTuple, Long> found = new LinkedHashMap<>();
        for (String line : tshark(file, "-q", "-z", "conv,tcp")) {
            Matcher matcher = CONVERSATION.matcher(line);
            if (matcher.matches()) {
                found.put(TcpTuple.parse("%s:%s->%s:%s".formatted(matcher.group(1), matcher.group(2), matcher.group(3),
                        matcher.group(4))), Long.valueOf(matcher.group(5)));
            }
        }
        return found;
    }

    private static void export(String... arguments) {
        inspect(0, concat("export", arguments));
    }

    /** What it prints; a warning would be among it. */
    private static List<String> tshark(Path file, String... arguments) {
        List<String> command = new ArrayList<>(List.of("tshark", "-n", "-r", file.toString()));
        command.addAll(List.of(arguments));
        return SystemCommand.run(command.toArray(String[]::new)).lines()
                .filter(line -> !line.startsWith("Running as user")).toList();
    }
}
