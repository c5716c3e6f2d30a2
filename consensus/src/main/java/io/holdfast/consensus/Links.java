package io.holdfast.consensus;

import java.io.Closeable;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.function.Consumer;
import java.util.function.Predicate;

import javax.net.ssl.SSLException;

import io.holdfast.consensus.security.ClusterTraffic;
import io.holdfast.consensus.security.Strangers;
import org.jgroups.stack.IpAddress;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Owned by whoever has the turn ({@link GroupRaft}), except where it says otherwise: the connections between this
 * member and the others, none of which ever blocks. The runner alone waits and reads.
 *
 * <p>The thread that decides also reads and writes. On a machine with few cores the price of a message is the thread
 * that has to be woken for it: a reader and a sender of its own for each peer doubled the time to commit (ADR 0003).
 *
 * <p>Whoever has something to say dials, unless the other has dialed already. Two members that dial at once keep both
 * connections and each sends on the one it knows last; a message that overtakes another is the group's to cope with.
 */
final class Links implements Closeable {
    /** Told what comes in, on the runner thread. */
    interface Receiver {
        void received(byte[] buffer, int offset, int length);

        /** The connection over which this member was talked to has ended. */
        void closed(IpAddress peer);
    }

    private static final Logger LOG = LoggerFactory.getLogger(Links.class);
    private static final long NANOS_PER_MS = 1_000_000;
    private static final long DIAL_BOUND_NANOS = 200 * NANOS_PER_MS;
    private static final long DIAL_AGAIN_NANOS = 40 * NANOS_PER_MS;
    /** Who connects and does not prove to hold the key and say who it is within this time is turned away. */
    private static final long GREETING_BOUND_NANOS = 2_000 * NANOS_PER_MS;
    /** The kernel keeps so many until they are accepted: a burst of strangers must not cost a member its SYN. */
    private static final int BACKLOG = 256;
    private static final int ACCEPTS_AT_ONCE = 16;
    private static final long HOUSEKEEPING_NANOS = 20 * NANOS_PER_MS;

    /** Owned by whoever has the turn: the way to one member. */
    private static final class Route {
        /** Newest last, two at most. */
        final ArrayDeque<Link> links = new ArrayDeque<>(3);
        boolean dialed;
        long dialedNanos;

        Link current() {
            return links.peekLast();
        }
    }

    private final InetSocketAddress self;
    private final Greeting greeting;
    private final ClusterTraffic traffic;
    private final Handshakes handshakes;
    private final int maxPendingBytes;
    private final Receiver receiver;
    private final Link.Frames frames = this::frame;
    private final Link.Wiring wiring = this::wire;
    private final Map<IpAddress, Route> routes = new HashMap<>();
    /** Not yet connected, not yet let in by the other side's key, or not yet known by name. */
    private final List<Link> young = new ArrayList<>();
    private volatile boolean hasYoung;
    /** Those of the young ones that dialed and have not said who they are. */
    private final Strangers<Link> strangers;
    private final Queue<IpAddress> toDisconnect = new ConcurrentLinkedQueue<>();
    /** Runner: what {@link #await} found. A list, not the selector's own set, which allocates for each. */
    private final ArrayList<SelectionKey> ready = new ArrayList<>();
    private final Consumer<SelectionKey> collect = ready::add;
    private final Refusals refusals;
    private Selector selector;
    private ServerSocketChannel listening;

    /**
     * @param expected        where other members are
     * @param maxPendingBytes what may wait for a peer that does not read; more is dropped, and sent again by the group
     */
    Links(InetSocketAddress self, Greeting greeting, ClusterTraffic traffic, Predicate<InetAddress> expected, int maxPendingBytes,
          Receiver receiver) {
        this.self = self;
        this.greeting = greeting;
        this.traffic = traffic;
        this.strangers = new Strangers<>(expected);
        this.refusals = new Refusals(LOG, self.toString());
        this.handshakes = new Handshakes("handshakes-" + self.getPort(), this::wake);
        this.maxPendingBytes = maxPendingBytes;
        this.receiver = receiver;
    }

    /** Listens where this member is expected. */
    void open() throws IOException {
        selector = Selector.open();
        listening = ServerSocketChannel.open();
        listening.setOption(StandardSocketOptions.SO_REUSEADDR, true);
        listening.bind(self, BACKLOG);
        listening.configureBlocking(false);
        listening.register(selector, SelectionKey.OP_ACCEPT);
    }

    /** Any thread. Ends the wait that is under way, or the next one. */
    void wake() {
        selector.wakeup();
    }

    /** The runner, with or without the turn: waits for input, so long at most, and touches none. */
    void await(long nanos) throws IOException {
        long bounded = hasYoung ? Math.min(nanos, HOUSEKEEPING_NANOS) : nanos;
        selector.select(collect, Math.max(1, (bounded + NANOS_PER_MS - 1) / NANOS_PER_MS));
    }

    /** The runner, in its turn: reads and hands over what came in. */
    void takeIn() throws IOException {
        if (ready.isEmpty()) {
            selector.selectNow(collect);
        }
        for (int i = 0; i < ready.size(); i++) {
            ready(ready.get(i));
        }
        ready.clear();
        for (Link link = handshakes.poll(); link != null; link = handshakes.poll()) {
            resume(link);
        }
        if (!young.isEmpty()) {
            dropOverdue();
        }
        for (IpAddress peer = toDisconnect.poll(); peer != null; peer = toDisconnect.poll()) {
            disconnectNow(peer);
        }
        hasYoung = !young.isEmpty();
    }

    private void ready(SelectionKey key) {
        if (key.attachment() instanceof Link link) {
            serve(link, key);
        } else if (key.isValid() && key.isAcceptable()) {
            accept();
        }
    }

    private void serve(Link link, SelectionKey key) {
        try {
            if (key.isValid() && key.isConnectable()) {
                link.finishConnecting(frames);
            }
            if (key.isValid() && key.isWritable()) {
                link.goOn(frames);
            }
            if (key.isValid() && key.isReadable()) {
                link.read(frames);
            }
            noticeOpen(link);
        } catch (IOException e) {
            drop(link, e);
        }
    }

    private void resume(Link link) {
        if (!link.isAlive()) {
            return;
        }
        try {
            link.resume(frames);
            noticeOpen(link);
        } catch (IOException e) {
            drop(link, e);
        }
    }

    /** Whoever was dialed is known from then on; whoever dialed has to say who it is. */
    private void noticeOpen(Link link) {
        if (!young.isEmpty() && link.greeted() && link.open()) {
            young.remove(link);
        }
    }

    private Wire wire(Link link, SocketChannel channel, boolean dialing) throws IOException {
        if (!traffic.isClosed()) {
            return new PlainWire(channel);
        }
        boolean first = dialing || strangers.isExpected(address(channel));
        return new TlsWire(channel, traffic.engine(dialing), work -> handshakes.work(link, first, work));
    }

    private static InetAddress address(SocketChannel accepted) throws IOException {
        return ((InetSocketAddress) accepted.getRemoteAddress()).getAddress();
    }

    private void frame(Link link, byte[] buffer, int offset, int length) throws IOException {
        if (link.greeted()) {
            receiver.received(buffer, offset, length);
        } else {
            link.peer(greeting.read(buffer, offset, length));
            young.remove(link);
            strangers.remove(link);
            use(link);
        }
    }

    private void use(Link link) {
        Route route = routes.computeIfAbsent(link.peer(), p -> new Route());
        route.links.addLast(link);
        if (route.links.size() > 2) {
            route.links.removeFirst().close();
        }
    }

    private void accept() {
        try {
            SocketChannel channel = listening.accept();
            for (int i = 1; channel != null; i++) {
                meet(channel);
                channel = i < ACCEPTS_AT_ONCE ? listening.accept() : null;
            }
        } catch (IOException e) {
            LOG.warn("Cannot accept a connection on {}: {}", self, e.toString());
        }
    }

    private void meet(SocketChannel channel) throws IOException {
        InetAddress from = address(channel);
        if (!strangers.hasRoom(from)) {
            refusals.refused("a connection from", channel.getRemoteAddress(), "too many at once that have not said who they are");
            channel.close();
            return;
        }
        Link link = Link.accepted(channel, wiring, selector, maxPendingBytes, System.nanoTime());
        young.add(link);
        Link oldest = strangers.add(link, from);
        if (oldest != null) {
            drop(oldest, new IOException("too many connections from there that say nothing"));
        }
    }

    /** Sends at once what the socket takes and keeps the rest; false when it was dropped. */
    boolean send(IpAddress peer, byte[] data, int offset, int length) {
        Route route = routes.computeIfAbsent(peer, p -> new Route());
        Link link = route.current();
        if (link == null) {
            link = dial(peer, route);
        }
        if (link == null) {
            return false;
        }
        try {
            boolean taken = link.send(data, offset, length);
            if (link.waitsForRoom()) {
                wake();
            }
            return taken;
        } catch (IOException e) {
            drop(link, e);
            return false;
        }
    }

    private Link dial(IpAddress peer, Route route) {
        long now = System.nanoTime();
        if (route.dialed && now - route.dialedNanos < DIAL_AGAIN_NANOS) {
            return null;
        }
        route.dialed = true;
        route.dialedNanos = now;
        Link link = null;
        try {
            link = Link.dialing(self.getAddress(), peer, wiring, selector, maxPendingBytes, now, frames);
            byte[] hello = greeting.bytes();
            link.send(hello, 0, hello.length);
            if (!link.open()) {
                young.add(link);
                hasYoung = true;
            }
            route.links.addLast(link);
            wake(); // a wait that began before does not know of it
            return link;
        } catch (IOException e) {
            LOG.debug("Cannot dial {}: {}", peer, e.toString());
            if (link != null) {
                link.close();
            }
            return null;
        }
    }

    private void dropOverdue() {
        long now = System.nanoTime();
        for (Link link : List.copyOf(young)) {
            long bound = link.connected() ? GREETING_BOUND_NANOS : DIAL_BOUND_NANOS;
            if (now - link.bornNanos() > bound) {
                drop(link, new IOException(!link.connected() ? "no connection in time" : link.open()
                        ? "it does not say who it is" : "no TLS handshake in time"));
            }
        }
    }

    private void drop(Link link, IOException why) {
        link.giveUp();
        young.remove(link);
        strangers.remove(link);
        Route route = link.peer() == null ? null : routes.get(link.peer());
        if (route == null) {
            refusals.refused("a connection from", link.remote(), why.getMessage());
            return;
        }
        boolean talked = link == route.current() && link.open();
        route.links.remove(link);
        if (why instanceof SSLException) {
            refusals.refused("the connection to", link.remote(), why.getMessage());
        }
        if (talked) {
            LOG.info("Connection with {} ended: {}", link.peer(), why.getMessage());
            receiver.closed(link.peer());
        }
    }

    /** Any thread. */
    Refusals.Seen refused() {
        return refusals.seen();
    }

    /** Any thread. Gives up the connections with this peer; the next message dials again. */
    void disconnect(IpAddress peer) {
        toDisconnect.add(peer);
        wake();
    }

    private void disconnectNow(IpAddress peer) {
        Route route = routes.remove(peer);
        if (route != null) {
            route.links.forEach(link -> {
                link.close();
                young.remove(link);
            });
        }
    }

    /** After the runner has ended. */
    @Override
    public void close() throws IOException {
        handshakes.close();
        if (selector == null) {
            return;
        }
        for (SelectionKey key : selector.keys()) {
            key.channel().close();
        }
        selector.close();
    }
}
