package io.holdfast.cli.inspect.export;

import io.holdfast.capture.Checksums;
import io.holdfast.capture.Ipv4Packet;
import io.holdfast.cli.inspect.EntryFilter;
import io.holdfast.cli.inspect.PacketView;
import io.holdfast.cli.inspect.Progress;
import io.holdfast.journal.EntryKind;
import io.holdfast.journal.JournalEntry;
import io.holdfast.journal.JournalReader;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;

/**
 * Writes a stretch of a journal as packets with comments; owned by one thread, used once. Holds one packet and what was
 * journaled around it, however long the journal is.
 *
 * <p>What is no packet (marks, checkpoints, takeovers) becomes a comment of the packet that follows; after the last packet,
 * of that one.
 */
final class JournalExport {
    /** As many comments as one packet gets; a service that idles for days marks and marks. */
    private static final int MOST_NOTES = 200;

    private final JournalReader journal;
    private final EntryFilter filter;
    private final boolean fixChecksums;
    private final PcapngWriter into;
    private final JournalEntry entry = new JournalEntry();
    private final PacketView view = new PacketView();
    private final Ipv4Packet heldPacket = new Ipv4Packet();
    private final byte[] held = new byte[Ipv4Packet.MAX_BYTES];
    private final ByteBuffer heldView = ByteBuffer.wrap(held);
    private int heldBytes;
    private long heldNanos;
    private long heldIndex;
    private List<String> heldComments = new ArrayList<>();
    private List<String> notes = new ArrayList<>();
    private long notesLeftOut;
    private long packets;
    private long packetBytes;
    private long events;
    private long notTaken;
    private long corrected;

    /**
     * What was written.
     *
     * @param events    entries that became comments
     * @param notTaken  packets the filter left out, or that are no IPv4
     * @param corrected packets whose checksums were not finished
     */
    record Summary(long packets, long packetBytes, long events, long notTaken, long corrected) {
    }

    JournalExport(JournalReader journal, EntryFilter filter, boolean fixChecksums, PcapngWriter into) {
        this.journal = journal;
        this.filter = filter;
        this.fixChecksums = fixChecksums;
        this.into = into;
    }

    /** Writes what the filter, which has been located, means. */
    Summary run(Progress progress) throws IOException {
        for (long index = Math.max(1, filter.first()); index <= filter.last(); index++) {
            progress.step();
            if (!journal.read(index, entry)) {
                throw new IllegalStateException("entry " + index + " is missing");
            }
            if (entry.kind() == EntryKind.PACKET) {
                packet();
            } else if (isTold(entry.kind()) && filter.matchesItself(entry)) {
                note();
            }
        }
        if (heldBytes > 0) {
            takeNotes("after it: ");
            write();
        }
        into.flush();
        return new Summary(packets, packetBytes, events, notTaken, corrected);
    }

    private static boolean isTold(EntryKind kind) {
        return switch (kind) {
            case MARK, CHECKPOINT_READY, TAKEOVER_STEP, CONNECTION_CLOSED, EVENT -> true;
            default -> false;
        };
    }

    private void packet() throws IOException {
        view.view(entry);
        if (!view.isIpv4() || !filter.matches(entry, view)) {
            notTaken++;
            return;
        }
        if (heldBytes > 0) {
            write();
        }
        heldBytes = entry.bodyLength();
        System.arraycopy(entry.buffer(), entry.bodyOffset(), held, 0, heldBytes);
        heldNanos = entry.epochNanos();
        heldIndex = entry.index();
        heldComments.clear();
        heldComments.add("entry " + entry.index() + ", term " + entry.term());
        takeNotes("before it: ");
        if (fixChecksums) {
            finishChecksums();
        }
    }

    private void finishChecksums() {
        heldPacket.wrap(heldView, 0, heldBytes);
        long before = checksums();
        Checksums.fill(heldPacket);
        corrected += before == checksums() ? 0 : 1;
    }

    /** Of header and transport, in one number; the fields that {@link Checksums#fill} writes. */
    private long checksums() {
        long sum = heldView.getShort(10) & 0xFFFF;
        int field = heldPacket.payloadOffset() + (heldPacket.protocol() == Ipv4Packet.PROTOCOL_TCP ? 16 : 6);
        return field + Short.BYTES <= heldBytes ? sum << 16 | heldView.getShort(field) & 0xFFFF : sum;
    }

    private void note() {
        events++;
        if (notes.size() == MOST_NOTES) {
            notesLeftOut++;
            return;
        }
        notes.add(entry.kind() + ", entry " + entry.index() + ", term " + entry.term() + ", "
                + Instant.ofEpochSecond(0, entry.epochNanos()) + ": "
                + new String(entry.buffer(), entry.bodyOffset(), entry.bodyLength(), StandardCharsets.UTF_8));
    }

    private void takeNotes(String where) {
        notes.forEach(note -> heldComments.add(where + note));
        if (notesLeftOut > 0) {
            heldComments.add(where + notesLeftOut + " more entries of this kind");
        }
        notes.clear();
        notesLeftOut = 0;
    }

    private void write() throws IOException {
        into.packet(heldNanos, heldIndex, PcapngWriter.Direction.INBOUND, held, 0, heldBytes, heldComments);
        packets++;
        packetBytes += heldBytes;
    }
}
