package io.holdfast.cli.inspect;

import io.holdfast.journal.Command;
import io.holdfast.journal.EntryKind;
import io.holdfast.journal.JournalEntry;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.LinkedHashMap;
import java.util.Map;

/** One entry as a line for people and as a map for machines; tolerant of every body, since it shows what is there. */
final class EntryLine {
    private static final DateTimeFormatter TIME = DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm:ss.SSSSSS")
            .withZone(ZoneOffset.UTC);
    private static final int TCP = 6;
    private static final int UDP = 17;

    private EntryLine() {
    }

    static String text(JournalEntry entry) {
        String what = entry.kind() == EntryKind.PACKET ? packet(entry) : body(entry);
        return "%10d  term %-4d %s  %-16s %s".formatted(entry.index(), entry.term(),
                entry.internal() ? "-                         " : TIME.format(time(entry)), kind(entry), what);
    }

    static Map<String, Object> json(JournalEntry entry) {
        Map<String, Object> line = new LinkedHashMap<>();
        line.put("index", entry.index());
        line.put("term", entry.term());
        line.put("kind", kind(entry));
        if (!entry.internal()) {
            line.put("epochNanos", entry.epochNanos());
        }
        line.put("bytes", entry.bodyLength());
        line.put("text", entry.kind() == EntryKind.PACKET ? packet(entry) : body(entry));
        return line;
    }

    private static String kind(JournalEntry entry) {
        return entry.kind() == null ? "UNKNOWN" : entry.kind().name();
    }

    private static Instant time(JournalEntry entry) {
        return Instant.ofEpochSecond(0, entry.epochNanos());
    }

    private static String body(JournalEntry entry) {
        if (entry.internal() || entry.kind() == null) {
            return entry.bodyLength() + " bytes";
        }
        return new String(entry.buffer(), entry.bodyOffset(), entry.bodyLength(), StandardCharsets.UTF_8)
                .replaceAll("\\p{Cntrl}", ".");
    }

    private static String packet(JournalEntry entry) {
        ByteBuffer ip = ByteBuffer.wrap(entry.buffer(), entry.bodyOffset(), entry.bodyLength()).slice();
        int length = ip.remaining();
        int header = length >= 20 ? (ip.get(0) & 0x0F) * 4 : 0;
        if (length < 20 || (ip.get(0) & 0xF0) != 0x40 || header < 20 || header > length) {
            return "not an IPv4 packet, " + length + " bytes";
        }
        int protocol = ip.get(9) & 0xFF;
        if (protocol == TCP && header + 20 <= length) {
            return tcp(ip, header, length, (entry.flags() & Command.PURE_ACK) != 0);
        }
        String ports = protocol == UDP && header + 8 <= length
                ? "UDP %s:%d > %s:%d".formatted(address(ip, 12), port(ip, header), address(ip, 16), port(ip, header + 2))
                : "protocol %d %s > %s".formatted(protocol, address(ip, 12), address(ip, 16));
        return ports + ", " + length + " bytes";
    }

    private static String tcp(ByteBuffer ip, int at, int length, boolean pureAck) {
        int flags = ip.get(at + 13) & 0xFF;
        StringBuilder names = new StringBuilder();
        String[] all = {"FIN", "SYN", "RST", "PSH", "ACK", "URG"};
        for (int bit = 0; bit < all.length; bit++) {
            if ((flags & 1 << bit) != 0) {
                names.append(names.isEmpty() ? "" : ",").append(all[bit]);
            }
        }
        int payload = Math.max(0, length - at - ((ip.get(at + 12) & 0xF0) >> 2));
        return "TCP %s:%d > %s:%d [%s] seq %d ack %d payload %d%s".formatted(address(ip, 12), port(ip, at),
                address(ip, 16), port(ip, at + 2), names, ip.getInt(at + 4) & 0xFFFFFFFFL,
                ip.getInt(at + 8) & 0xFFFFFFFFL, payload, pureAck ? " (pure ack)" : "");
    }

    private static int port(ByteBuffer ip, int at) {
        return ip.getShort(at) & 0xFFFF;
    }

    private static String address(ByteBuffer ip, int at) {
        return (ip.get(at) & 0xFF) + "." + (ip.get(at + 1) & 0xFF) + "." + (ip.get(at + 2) & 0xFF) + "."
                + (ip.get(at + 3) & 0xFF);
    }
}
