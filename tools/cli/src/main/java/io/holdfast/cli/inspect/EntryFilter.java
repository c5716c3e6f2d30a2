package io.holdfast.cli.inspect;

import io.holdfast.capture.Ipv4Packet;
import io.holdfast.journal.EntryKind;
import io.holdfast.journal.JournalEntry;
import io.holdfast.journal.JournalReader;
import picocli.CommandLine.Option;

import java.util.EnumSet;
import java.util.Set;

/** Which entries are meant: options that every subcommand reading entries has, all of which must hold. Owned by one thread. */
public final class EntryFilter {
    @Option(names = "--from", paramLabel = "POSITION", converter = Position.Converter.class,
            description = "begin here: " + Position.SYNTAX)
    private Position from;

    @Option(names = "--to", paramLabel = "POSITION", converter = Position.Converter.class,
            description = "end here, this entry or moment included")
    private Position to;

    @Option(names = "--kind", paramLabel = "KIND", split = ",", description = "these kinds: ${COMPLETION-CANDIDATES}")
    private Set<EntryKind> kinds = EnumSet.noneOf(EntryKind.class);

    @Option(names = "--connection", paramLabel = "CLIENT:PORT[->SERVER:PORT]", converter = ConnectionName.Converter.class,
            description = "packets of this connection, and what was journaled about it")
    private ConnectionName connection;

    @Option(names = "--peer", paramLabel = "ADDRESS", converter = AddressConverter.class, description = "packets from this address")
    private Integer peer;

    @Option(names = "--port", paramLabel = "PORT", description = "packets from or to this port")
    private Integer port;

    @Option(names = "--term", paramLabel = "TERM", description = "entries of this term")
    private Long term;

    @Option(names = "--grep", paramLabel = "REGEX", converter = PayloadPattern.Converter.class,
            description = "entries whose payload (of a packet) or body matches, as Java's Pattern")
    private PayloadPattern pattern;

    @Option(names = "--filter", paramLabel = "EXPRESSION", converter = PcapFilter.Converter.class,
            description = "packets that match, as tcpdump's expressions do: 'tcp port 6379 and src net 10.0.0.0/24'")
    private PcapFilter pcap;

    private long first;
    private long last;
    private long firstNanos = Long.MIN_VALUE;
    private long lastNanos = Long.MAX_VALUE;

    static final class AddressConverter implements picocli.CommandLine.ITypeConverter<Integer> {
        @Override
        public Integer convert(String text) {
            try {
                return Ipv4Packet.address(text);
            } catch (IllegalArgumentException e) {
                throw new picocli.CommandLine.TypeConversionException(e.getMessage());
            }
        }
    }

    /** Finds the range in this journal; before anything else, and again when the journal has grown. */
    public void locate(JournalReader reader) {
        first = reader.firstIndex();
        last = reader.lastIndex();
        if (from != null && from.kind() == Position.Kind.INDEX) {
            first = Math.max(first, from.value());
        } else if (from != null) {
            firstNanos = from.epochNanos(reader);
            first = Math.max(first, reader.firstIndexSince(firstNanos));
        }
        if (to != null && to.kind() == Position.Kind.INDEX) {
            last = Math.min(last, to.value());
        } else if (to != null) {
            lastNanos = to.epochNanos(reader);
            last = Math.min(last, reader.lastIndexUntil(lastNanos));
        }
        if (term != null) {
            reader.terms().stream().filter(run -> run.term() == term).findFirst().ifPresentOrElse(run -> {
                first = Math.max(first, run.firstIndex());
                last = Math.min(last, run.lastIndex());
            }, () -> last = 0);
        }
    }

    /** The first entry that can match. */
    public long first() {
        return first;
    }

    /** The last entry that can match. */
    public long last() {
        return last;
    }

    boolean hasFrom() {
        return from != null;
    }

    boolean hasTo() {
        return to != null;
    }

    /** Whether the entry, which {@code packet} views already, is meant. */
    public boolean matches(JournalEntry entry, PacketView packet) {
        return matchesItself(entry)
                && (connection == null || connection.matches(entry, packet))
                && (peer == null || packet.hasAddresses() && packet.ip.source() == peer)
                && (port == null || packet.hasPorts() && (packet.sourcePort() == port || packet.destinationPort() == port))
                && (pattern == null || pattern.isIn(entry, packet))
                && (pcap == null || pcap.takes(entry, packet));
    }

    /** Whether kind, time and term are those meant, whatever the entry says about packets. */
    public boolean matchesItself(JournalEntry entry) {
        return (kinds.isEmpty() || kinds.contains(entry.kind()))
                && entry.epochNanos() >= firstNanos && entry.epochNanos() <= lastNanos
                && (term == null || entry.term() == term);
    }
}
