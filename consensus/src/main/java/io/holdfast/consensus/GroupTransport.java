package io.holdfast.consensus;

import java.util.Collection;

import org.jgroups.Address;
import org.jgroups.blocks.cs.Connection;
import org.jgroups.conf.ClassConfigurator;
import org.jgroups.protocols.TCP;

/**
 * Threads of JGroups call it: TCP between the configured members, which also says when a connection ends.
 *
 * <p>The kernel of a member whose process dies closes its connections: the others know within a millisecond, without
 * another socket or port for it.
 */
public final class GroupTransport extends TCP {
    private static final short ID = 1602;
    private static final int CONNECT_TIMEOUT_MS = 200;

    static {
        ClassConfigurator.addProtocol(ID, GroupTransport.class);
    }

    /** Told which listening address a closed connection led to; called on a thread of JGroups. */
    interface ClosedConnections {
        void connectionClosed(Address peer);
    }

    private volatile ClosedConnections listener;

    /** A transport that listens where this member is expected, and sends from the same address. */
    static GroupTransport listeningOn(Member self) {
        GroupTransport transport = new GroupTransport();
        transport.setBindAddress(self.address());
        transport.setBindPort(self.port());
        transport.setPortRange(0);
        transport.setClientBindAddr(self.address());
        transport.tcpNodelay(true);
        transport.setSockConnTimeout(CONNECT_TIMEOUT_MS);
        transport.logAcceptError(false);
        transport.setBundlerType("per-destination");
        transport.setMessageProcessingPolicy("direct");
        transport.getThreadPool().setMinThreads(1);
        return transport;
    }

    void onClosedConnection(ClosedConnections closedConnections) {
        listener = closedConnections;
    }

    @Override
    public void connectionClosed(Connection connection) {
        super.connectionClosed(connection);
        ClosedConnections told = listener;
        Address peer = connection.peerAddress();
        if (told != null && peer != null) {
            told.connectionClosed(peer);
        }
    }

    /**
     * Gives the connection to this address up; the next message opens another. After a long silence the kernel repeats
     * what was lost only every few seconds, and a peer that was restarted in the meantime would be turned away as long as
     * its old connection stands here. Done on a thread of the pool: a lock may be held by one that connects.
     */
    void disconnect(Address peer) {
        getThreadPool().execute(() -> srv.closeConnection(peer, false));
    }

    /** Connections to members stay: the configuration says who is one, not a view. */
    @Override
    public void retainAll(Collection<Address> members) {
        // Nothing to close.
    }
}
