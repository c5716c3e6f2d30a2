package io.holdfast.cli.inspect.export;

import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.capture.Checksums;
import io.holdfast.capture.Ipv4Packet;
import io.holdfast.cli.inspect.export.PcapngWriter.Direction;
import io.holdfast.cli.testbed.SystemCommand;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Against tshark, which reads the files as Wireshark does. */
class PcapngWriterTest {
    private static final long EPOCH_NANOS = 1_795_478_000_123_456_789L;
    private static final int LARGEST = 65_535;

    @TempDir
    private Path dir;

    @Test
    void tsharkReadsEveryLengthTimeNumberAndDirectionBack() throws Exception {
        Path file = dir.resolve("lengths.pcapng");
        List<String> expected = new ArrayList<>();
        try (PcapngWriter writer = open(file)) {
            for (int payload : IntStream.concat(IntStream.range(0, 40), IntStream.of(1460, 9000, LARGEST - 28)).toArray()) {
                byte[] packet = udp(payload);
                long nanos = EPOCH_NANOS + expected.size();
                Direction direction = payload % 2 == 0 ? Direction.INBOUND : Direction.OUTBOUND;
                writer.packet(nanos, 1000 + payload, direction, packet, 0, packet.length, List.of("payload " + payload));
                expected.add(String.join("|", nanos / 1_000_000_000 + "." + nanos % 1_000_000_000, "" + packet.length,
                        "" + packet.length, "" + (1000 + payload), direction == Direction.INBOUND ? "0x00000001" : "0x00000002",
                        "payload " + payload, "1"));
            }
        }
        assertThat(tshark(file, "-o", "udp.check_checksum:TRUE", "-T", "fields", "-E", "separator=|", "-e",
                "frame.time_epoch", "-e", "frame.len", "-e", "frame.cap_len", "-e", "frame.packet_id", "-e",
                "frame.packet_flags_direction", "-e", "frame.comment", "-e", "udp.checksum.status")).isEqualTo(expected);
    }

    @Test
    void aPacketHasAsManyCommentsAsItIsGivenAndLongOnesAreCutBetweenCharacters() throws Exception {
        Path file = dir.resolve("comments.pcapng");
        String longest = "\u00e4".repeat(40_000);
        try (PcapngWriter writer = open(file)) {
            byte[] packet = udp(3);
            writer.packet(EPOCH_NANOS, 7, Direction.INBOUND, packet, 0, packet.length,
                    List.of("first", "second, with \u00e4 in it", longest));
            writer.packet(EPOCH_NANOS, -1, Direction.INBOUND, packet, 0, packet.length, List.of());
        }
        assertThat(tshark(file, "-T", "fields", "-E", "separator=|", "-E", "aggregator=;", "-e", "frame.comment", "-e",
                "frame.packet_id")).containsExactly("first;second, with \u00e4 in it;" + "\u00e4".repeat(30_000) + "|7", "|");
    }

    /** What it prints; a warning would be among it. */
    private static List<String> tshark(Path file, String... arguments) {
        Assumptions.assumeTrue(Files.isExecutable(Path.of("/usr/bin/tshark")), "tshark is not installed");
        List<String> command = new ArrayList<>(List.of("env", "LC_ALL=C.UTF-8", "tshark", "-n", "-r", file.toString()));
        command.addAll(List.of(arguments));
        return SystemCommand.run(command.toArray(String[]::new)).lines()
                .filter(line -> !line.startsWith("Running as user")).toList();
    }

    private static PcapngWriter open(Path file) throws IOException {
        return new PcapngWriter(FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE), "a test",
                "journal", "about \u00fc");
    }

    private static byte[] udp(int payload) {
        ByteBuffer packet = ByteBuffer.allocate(28 + payload);
        packet.put(0, (byte) 0x45).putShort(2, (short) (28 + payload)).put(8, (byte) 64).put(9, (byte) 17)
                .putInt(12, Ipv4Packet.address("10.0.0.1")).putInt(16, Ipv4Packet.address("10.0.0.2"))
                .putShort(20, (short) 4000).putShort(22, (short) 5000).putShort(24, (short) (8 + payload));
        Ipv4Packet view = new Ipv4Packet();
        assertThat(view.wrap(packet, 0, packet.capacity())).isTrue();
        Checksums.fill(view);
        return packet.array();
    }
}
