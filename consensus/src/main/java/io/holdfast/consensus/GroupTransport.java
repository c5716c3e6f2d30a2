package io.holdfast.consensus;

import java.io.IOException;
import java.net.InetSocketAddress;

import io.holdfast.consensus.security.ClusterTraffic;
import org.jgroups.Message;
import org.jgroups.PhysicalAddress;
import org.jgroups.conf.ClassConfigurator;
import org.jgroups.protocols.TP;
import org.jgroups.stack.IpAddress;

/**
 * Used by whoever has the turn once the channel is up: JGroups' transport on {@link Links}, over TCP between the
 * configured members.
 *
 * <p>A message is written by the thread that sends it and handed up by the one that waits for it, the same one. The
 * kernel of a member whose process dies closes its connections: the others know within a millisecond, without another
 * socket or port for it.
 */
public final class GroupTransport extends TP implements Doze {
    private static final short ID = 1602;
    private static final int BESIDE_ENTRIES_BYTES = 256 << 10;

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
    private ClosedConnections listener = peer -> { };

    /** A transport that listens where this member is expected, and sends from the same address. */
    GroupTransport(GroupConfig config) {
        Member member = config.selfMember();
        InetSocketAddress here = new InetSocketAddress(member.address(), member.port());
        self = new IpAddress(here);
        traffic = config.traffic();
        int pending = config.windowBytes() + config.batchBytes() + config.maxCommandBytes() + BESIDE_ENTRIES_BYTES;
        links = new Links(here, new Greeting(config.groupName(), here), config.traffic(), pending, new Links.Receiver() {
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
