package io.holdfast.cli.inspect;

import com.fasterxml.jackson.core.io.JsonStringEncoder;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.holdfast.capture.TcpView;
import io.holdfast.journal.Command;
import io.holdfast.journal.EntryKind;
import io.holdfast.journal.JournalEntry;

import java.io.IOException;
import java.nio.charset.StandardCharsets;

/** Entries as one JSON object a line; docs/inspect.md names the members. Owned by the thread that prints. */
public final class EntryJson implements EntryFormat {
    private static final ObjectMapper JSON = new ObjectMapper();

    private final TimeText time = new TimeText();

    @Override
    public void print(JournalEntry entry, PacketView packet, Lines to) {
        to.add("{\"index\":").add(entry.index()).add(",\"term\":").add(entry.term()).add(",\"kind\":\"")
                .add(entry.kind().name()).add("\",\"time\":\"");
        time.add(entry.epochNanos(), to);
        to.add("\",\"epochNanos\":").add(entry.epochNanos()).add(",\"bytes\":").add(entry.bodyLength());
        if (entry.internal()) {
            to.add(",\"internal\":true");
        } else if (entry.kind() == EntryKind.PACKET) {
            packet(entry, packet, to);
        } else if (entry.bodyLength() > 0) {
            body(entry, to);
        }
        to.add('}').end();
    }

    private static void packet(JournalEntry entry, PacketView packet, Lines to) {
        to.add(",\"packet\":{");
        switch (packet.kind()) {
            case TCP -> {
                endpoints("TCP", packet, to);
                TcpView tcp = packet.tcp;
                to.add(",\"flags\":\"");
                EntryTable.flags(tcp.flags(), to);
                to.add("\",\"seq\":").add(tcp.sequence() & 0xFFFFFFFFL).add(",\"ack\":")
                        .add(tcp.acknowledgement() & 0xFFFFFFFFL).add(",\"window\":").add(tcp.window()).add(",\"payload\":")
                        .add(tcp.payloadLength()).add(",\"pureAck\":").add((entry.flags() & Command.PURE_ACK) != 0 ? "true" : "false");
            }
            case UDP -> {
                endpoints("UDP", packet, to);
                to.add(",\"payload\":").add(packet.payloadLength());
            }
            case OTHER -> to.add("\"protocol\":\"").add(packet.ip.protocol()).add("\",\"from\":\"").address(packet.ip.source())
                    .add("\",\"to\":\"").address(packet.ip.destination()).add("\",\"payload\":").add(packet.payloadLength());
            default -> to.add("\"malformed\":true");
        }
        to.add('}');
    }

    private static void endpoints(String protocol, PacketView packet, Lines to) {
        to.add("\"protocol\":\"").add(protocol).add("\",\"from\":\"").address(packet.ip.source()).add(':').add(packet.sourcePort())
                .add("\",\"to\":\"").address(packet.ip.destination()).add(':').add(packet.destinationPort()).add('"');
    }

    /** The body as the object it should be, or as text when it is none. */
    private static void body(JournalEntry entry, Lines to) {
        try {
            JsonNode tree = JSON.readTree(entry.buffer(), entry.bodyOffset(), entry.bodyLength());
            if (tree.isObject()) {
                to.add(",\"body\":").add(tree.toString());
                return;
            }
        } catch (IOException e) {
            // Shown as text below: what stands there is the auditor's finding, not our failure.
        }
        String text = new String(entry.buffer(), entry.bodyOffset(), entry.bodyLength(), StandardCharsets.UTF_8);
        to.add(",\"text\":\"").add(quoted(text)).add('"');
    }

    public static String quoted(String text) {
        return new String(JsonStringEncoder.getInstance().quoteAsString(text));
    }
}
