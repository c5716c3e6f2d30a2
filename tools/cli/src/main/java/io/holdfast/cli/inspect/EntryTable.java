package io.holdfast.cli.inspect;

import io.holdfast.capture.TcpView;
import io.holdfast.journal.Command;
import io.holdfast.journal.JournalEntry;

import java.nio.charset.StandardCharsets;

/** Entries as lines for people; tolerant of every body, since it shows what is there. Owned by the thread that prints. */
final class EntryTable implements EntryFormat {
    /** FIN first, as the bits stand. */
    static final String[] FLAG_NAMES = {"FIN", "SYN", "RST", "PSH", "ACK", "URG"};
    private static final int MAX_TEXT_BYTES = 400;

    private final TimeText time = new TimeText();

    @Override
    public void print(JournalEntry entry, PacketView packet, Lines to) {
        to.add(entry.index(), 10).add("  term ").add(entry.term()).column(22);
        time.add(entry.epochNanos(), to);
        to.add("  ").add(entry.kind().name()).column(72);
        switch (packet.kind()) {
            case TCP -> tcp(entry, packet, to);
            case UDP -> endpoints("UDP ", packet, to).add(" payload ").add(packet.payloadLength());
            case OTHER -> to.add("protocol ").add(packet.ip.protocol()).add(' ').address(packet.ip.source()).add(" > ")
                    .address(packet.ip.destination()).add(", ").add(entry.bodyLength()).add(" bytes");
            case MALFORMED -> to.add("malformed packet, ").add(entry.bodyLength()).add(" bytes");
            default -> body(entry, to);
        }
        to.end();
    }

    private static Lines endpoints(String protocol, PacketView packet, Lines to) {
        return to.add(protocol).address(packet.ip.source()).add(':').add(packet.sourcePort()).add(" > ")
                .address(packet.ip.destination()).add(':').add(packet.destinationPort());
    }

    private static void tcp(JournalEntry entry, PacketView packet, Lines to) {
        TcpView tcp = packet.tcp;
        endpoints("TCP ", packet, to).add(" [");
        flags(tcp.flags(), to);
        to.add("] seq ").add(tcp.sequence() & 0xFFFFFFFFL).add(" ack ").add(tcp.acknowledgement() & 0xFFFFFFFFL)
                .add(" payload ").add(tcp.payloadLength());
        if ((entry.flags() & Command.PURE_ACK) != 0) {
            to.add(" (pure ack)");
        }
    }

    static void flags(int flags, Lines to) {
        boolean any = false;
        for (int bit = 0; bit < FLAG_NAMES.length; bit++) {
            if ((flags & 1 << bit) != 0) {
                to.add(any ? "," : "").add(FLAG_NAMES[bit]);
                any = true;
            }
        }
    }

    private static void body(JournalEntry entry, Lines to) {
        if (entry.internal()) {
            to.add(entry.bodyLength()).add(" bytes of the group protocol");
            return;
        }
        int shown = Math.min(entry.bodyLength(), MAX_TEXT_BYTES);
        String text = new String(entry.buffer(), entry.bodyOffset(), shown, StandardCharsets.UTF_8);
        text.chars().forEach(c -> to.add(Character.isISOControl(c) ? '.' : (char) c));
        if (shown < entry.bodyLength()) {
            to.add("... ").add(entry.bodyLength()).add(" bytes");
        }
    }
}
