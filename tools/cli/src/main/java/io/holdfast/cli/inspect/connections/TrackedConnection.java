package io.holdfast.cli.inspect.connections;

import io.holdfast.capture.Ipv4Packet;
import io.holdfast.capture.TcpView;
import io.holdfast.cli.inspect.PacketView;
import io.holdfast.journal.JournalEntry;

/** Owned by the thread that reads: what a journal says of one TCP connection, or of the datagrams between two endpoints. */
public final class TrackedConnection {
    /** How far a connection has come. */
    public enum State {
        /** A SYN and nothing after it: refused, or not answered. */
        REFUSED,
        /** Packets have passed, and no end was seen. */
        OPEN,
        /** The client has ended its side. */
        CLOSED,
        /** The client has reset it. */
        RESET,
        /** A takeover closed it on purpose, with the reason journaled (I5). */
        GIVEN_UP,
        /** UDP: there is no beginning and no end. */
        FLOW
    }

    private final ConnectionKey key;
    private final int ordinal;
    private final boolean begunBefore;
    private final WaitingRoom room;
    private final InboundStream.Sink sink;
    private final long firstIndex;
    private final long firstNanos;
    private final int takeoversBefore;
    private InboundStream stream;
    private State state;
    private String reason = "";
    private long lastIndex;
    private long lastNanos;
    private long packets;
    private long payloadBytes;
    private long urgentSegments;
    private int takeovers;
    private int initialSequence;
    private boolean acknowledges;
    private int lastAcknowledgement;
    private long answeredBytes;

    TrackedConnection(ConnectionKey key, int ordinal, JournalEntry entry, PacketView packet, WaitingRoom room, InboundStream.Sink sink,
                      int takeovers) {
        this.key = key;
        this.ordinal = ordinal;
        this.room = room;
        this.sink = sink;
        this.firstIndex = entry.index();
        this.firstNanos = entry.epochNanos();
        this.takeoversBefore = takeovers;
        this.takeovers = takeovers;
        boolean tcp = packet.kind() == PacketView.Kind.TCP;
        begunBefore = tcp && !packet.tcp.has(TcpView.SYN);
        state = !tcp ? State.FLOW : begunBefore ? State.OPEN : State.REFUSED;
        if (tcp) {
            initialSequence = packet.tcp.sequence();
            stream = new InboundStream(initialSequence + (begunBefore ? 0 : 1), room, sink);
        }
    }

    void add(JournalEntry entry, PacketView packet) {
        packets++;
        lastIndex = entry.index();
        lastNanos = entry.epochNanos();
        payloadBytes += packet.payloadLength();
        if (packet.kind() == PacketView.Kind.TCP) {
            segment(entry, packet);
        } else if (sink != null) {
            sink.bytes(entry.buffer(), packet.payloadOffset(), packet.payloadLength());
        }
    }

    private void segment(JournalEntry entry, PacketView packet) {
        TcpView tcp = packet.tcp;
        if (tcp.has(TcpView.RST)) {
            // RFC 5961, 3.2: only one that stands where the next byte is expected counts.
            if (isLive() && stream.offsetOf(tcp.sequence()) == stream.lengthBytes()) {
                end(State.RESET);
            }
            return;
        }
        int first = tcp.sequence();
        if (tcp.has(TcpView.SYN)) {
            first++; // the SYN takes the number before that of the first byte (RFC 9293, 3.4)
        } else if (tcp.has(TcpView.ACK)) {
            acknowledge(tcp.acknowledgement());
            if (state == State.REFUSED) {
                state = State.OPEN;
            }
        }
        if (!isLive()) {
            return;
        }
        urgentSegments += tcp.has(TcpView.URG) ? 1 : 0;
        startAfterKeepAlive(first, tcp);
        if (tcp.payloadLength() > 0 || tcp.has(TcpView.FIN)) {
            stream.add(first, entry.buffer(), tcp.payloadOffset(), tcp.payloadLength(), tcp.has(TcpView.FIN));
        }
        if (state == State.OPEN && stream.isEnded()) {
            end(State.CLOSED);
        }
    }

    /** A connection from before the journal may be met first by a keep-alive, whose number is one too low (RFC 9293, 3.8.4). */
    private void startAfterKeepAlive(int sequence, TcpView tcp) {
        if (begunBefore && packets > 1 && stream.lengthBytes() == 0 && stream.waitingBytes() == 0 && tcp.payloadLength() > 0
                && sequence == initialSequence + 1) {
            stream = new InboundStream(sequence, room, sink);
        }
    }

    private void acknowledge(int number) {
        if (!acknowledges) {
            acknowledges = true;
        } else if (number - lastAcknowledgement > 0) {
            answeredBytes += number - lastAcknowledgement;
        } else {
            return;
        }
        lastAcknowledgement = number;
    }

    private void end(State how) {
        state = how;
        stream.drop();
    }

    void giveUp(String why) {
        if (isLive()) {
            end(State.GIVEN_UP);
            reason = why;
        }
    }

    void tookOver(int count) {
        if (state == State.OPEN || state == State.FLOW) {
            takeovers = count;
        }
    }

    boolean isLive() {
        return state == State.OPEN || state == State.REFUSED;
    }

    /** Whether this SYN opened it, or repeats the one that did. */
    boolean isOpenedBy(TcpView syn) {
        return !begunBefore && syn.sequence() == initialSequence;
    }

    int ordinal() {
        return ordinal;
    }

    ConnectionKey key() {
        return key;
    }

    /** "10.0.0.7:40112->10.0.0.100:6379", with #2 and so on when its ports were used again. */
    public String name() {
        return endpoint(key.client()) + "->" + endpoint(key.server()) + (ordinal > 1 ? "#" + ordinal : "");
    }

    private static String endpoint(long endpoint) {
        return Ipv4Packet.text((int) (endpoint >>> 16)) + ":" + (endpoint & 0xffff);
    }

    public String protocol() {
        return key.protocol() == Ipv4Packet.PROTOCOL_UDP ? "UDP" : "TCP";
    }

    public State state() {
        return state;
    }

    /** Why a takeover closed it; empty otherwise. */
    public String reason() {
        return reason;
    }

    /** Whether its beginning is not in what was read. */
    public boolean begunBefore() {
        return begunBefore;
    }

    public long firstIndex() {
        return firstIndex;
    }

    public long lastIndex() {
        return lastIndex;
    }

    public long firstNanos() {
        return firstNanos;
    }

    public long lastNanos() {
        return lastNanos;
    }

    public long packets() {
        return packets;
    }

    /** What the server was given: of TCP the bytes in order, of UDP all. */
    public long receivedBytes() {
        return stream == null ? payloadBytes : stream.lengthBytes();
    }

    /** Payload of all packets, repeated bytes included. */
    public long payloadBytes() {
        return payloadBytes;
    }

    /** What the client has acknowledged of the server's answers; the server's FIN counts as one. */
    public long answeredBytes() {
        return answeredBytes;
    }

    public int takeoversSurvived() {
        return takeovers - takeoversBefore;
    }

    public long urgentSegments() {
        return urgentSegments;
    }

    /** Of TCP; null for UDP. */
    InboundStream stream() {
        return stream;
    }
}
