package io.holdfast.consensus;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.function.Supplier;
import java.util.stream.Stream;

import io.holdfast.consensus.security.ClusterTraffic;
import org.jgroups.BytesMessage;
import org.jgroups.EmptyMessage;
import org.jgroups.Header;
import org.jgroups.Message;
import org.jgroups.PhysicalAddress;
import org.jgroups.conf.ClassConfigurator;
import org.jgroups.protocols.TP;
import org.jgroups.stack.IpAddress;
import org.jgroups.util.ByteArrayDataOutputStream;
import org.jgroups.util.Util;

/**
 * Used by whoever has the turn once the channel is up: JGroups' transport on {@link Links}, over TCP between the
 * configured members.
 *
 * <p>A message is written by the thread that sends it and handed up by the one that waits for it, the same one. The
 * kernel of a member whose process dies closes its connections: the others know within a millisecond, without another
 * socket or port for it.
 */
public class GroupTransport extends TP implements Doze {
    private static final short ID = 1602;
    private static final int BESIDE_ENTRIES_BYTES = 256 << 10;
    private static final int FIRST_BUFFER_BYTES = 4 << 10;

    static {
        ClassConfigurator.addProtocol(ID, GroupTransport.class);
    }

    /** Told which listening address a closed connection led to; called on the runner thread. */
    interface ClosedConnections {
        void connectionClosed(IpAddress peer);
    }

    private final Links links;
    private final IpAddress self;
    private final ClusterTraffic traffic;
    private Supplier<List<Member>> members;
    private ClosedConnections listener = peer -> { };
    private final EmptyMessage withoutPayload = new EmptyMessage();
    private final BytesMessage withPayload = new BytesMessage();
    private final ByteArrayDataOutputStream written = new ByteArrayDataOutputStream(FIRST_BUFFER_BYTES, true);

    /** A transport that listens where this member is expected, and sends from the same address. */
    GroupTransport(GroupConfig config) {
        Member member = config.selfMember();
        InetSocketAddress here = new InetSocketAddress(member.address(), member.port());
        self = new IpAddress(here);
        traffic = config.traffic();
        int pending = config.windowBytes() + config.batchBytes() + config.maxCommandBytes() + BESIDE_ENTRIES_BYTES;
        members = config::members;
        links = new Links(here, new Greeting(config.groupName(), here), config.traffic(), this::isExpected, pending, new Links.Receiver() {
            @Override
            public void received(byte[] buffer, int offset, int length) {
                receive(null, buffer, offset, length);
            }

            @Override
            public void closed(IpAddress peer) {
                listener.connectionClosed(peer);
            }
        });
        setBindAddress(member.address());
        setBindPort(member.port());
        setBundlerType("no-bundler");
        setMessageProcessingPolicy("direct");
        getThreadPool().setMinThreads(0);
    }

    /** Who is in the group, besides those of the configuration: asked about whoever dials. */
    void expect(Supplier<List<Member>> joined) {
        Supplier<List<Member>> configured = members;
        members = () -> Stream.of(configured, joined).flatMap(each -> each.get().stream()).toList();
    }

    private boolean isExpected(InetAddress address) {
        return members.get().stream().anyMatch(member -> member.address().equals(address));
    }

    /** Any thread: who was turned away. */
    Refusals.Seen refused() {
        return links.refused();
    }

    void onClosedConnection(ClosedConnections closedConnections) {
        listener = closedConnections;
    }

    @Override
    public void start() throws Exception {
        links.open();
        super.start();
    }

    @Override
    public void stop() {
        super.stop();
        try {
            links.close();
        } catch (IOException e) {
            log.warn("cannot close the connections of %s: %s", self, e);
        }
    }

    @Override
    public void await(long nanos) throws IOException {
        links.await(nanos);
    }

    @Override
    public void takeIn() throws IOException {
        links.takeIn();
    }

    @Override
    public void wake() {
        links.wake();
    }

    /**
     * Sends what {@link #down(Message)} would send, in the same form, but with nothing allocated for it: JGroups' way is a
     * message, an array of headers and a buffer each time. Header and payload are the caller's again when this returns: the
     * bytes are with the kernel, or copied to where they wait for it, or dropped.
     *
     * @param payload null for none
     */
    void write(IpAddress to, short protocol, Header head, byte[] payload, int offset, int length) {
        Message message = payload == null ? withoutPayload : withPayload.setArray(payload, offset, length);
        message.setDest(to).setSrc(local_addr).putHeader(protocol, head);
        if (header != null) {
            message.putHeader(id, header);
        }
        written.position(0);
        try {
            Util.writeMessage(message, written, false);
        } catch (IOException e) {
            throw new UncheckedIOException("writing to memory failed", e);
        }
        links.send(to, written.buffer(), 0, written.position());
    }

    /** The configuration says who may be reached, not a view or a discovery. */
    @Override
    public void sendUnicast(PhysicalAddress dest, byte[] data, int offset, int length) {
        links.send((IpAddress) dest, data, offset, length);
    }

    /**
     * Gives the connections with this address up; the next message opens another. After a long silence the kernel
     * repeats what was lost only every few seconds, and a peer that was restarted in the meantime is not to be missed
     * because of a connection to its predecessor.
     */
    void disconnect(IpAddress peer) {
        links.disconnect(peer);
    }

    @Override
    public boolean supportsMulticasting() {
        return false;
    }

    @Override
    public String getInfo() {
        return "TCP at " + self + ", " + traffic;
    }

    @Override
    protected PhysicalAddress getPhysicalAddress() {
        return self;
    }

    /** Messages go to members one by one. */
    @Override
    public Object down(Message message) {
        if (message.getDest() == null) {
            throw new IllegalArgumentException("a message to nobody in particular: " + message);
        }
        return super.down(message);
    }
}
