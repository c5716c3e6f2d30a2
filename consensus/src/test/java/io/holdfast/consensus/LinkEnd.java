package io.holdfast.consensus;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

import io.holdfast.consensus.security.ClusterTraffic;
import org.jgroups.stack.IpAddress;

/** Used by the test's thread, its links by a thread of their own too: one member's end of its connections. */
final class LinkEnd implements AutoCloseable, Links.Receiver {
    static final int MAX_PENDING_BYTES = 4 << 20;

    final IpAddress place;
    final List<byte[]> received = new CopyOnWriteArrayList<>();
    final List<IpAddress> closed = new CopyOnWriteArrayList<>();
    private final Links links;
    private final Thread thread;
    private volatile boolean ended;
    private volatile Throwable failure;

    LinkEnd(ClusterTraffic traffic) throws IOException {
        Member member = TestCluster.places(1).get(0);
        InetSocketAddress here = new InetSocketAddress(member.address(), member.port());
        place = new IpAddress(here);
        links = new Links(here, new Greeting("group", here), traffic, InetAddress.getLoopbackAddress()::equals, MAX_PENDING_BYTES,
                this);
        links.open();
        thread = new Thread(this::run, "links of " + here);
        thread.start();
    }

    private void run() {
        try {
            while (!ended) {
                links.await(20_000_000);
                synchronized (this) {
                    links.takeIn();
                }
            }
        } catch (IOException | RuntimeException e) {
            failure = e;
        }
    }

    synchronized boolean send(IpAddress to, byte[] data) {
        return links.send(to, data, 0, data.length);
    }

    Throwable failure() {
        return failure;
    }

    static IpAddress at(InetAddress address, int port) {
        return new IpAddress(new InetSocketAddress(address, port));
    }

    @Override
    public void received(byte[] buffer, int offset, int length) {
        received.add(Arrays.copyOfRange(buffer, offset, offset + length));
    }

    @Override
    public void closed(IpAddress peer) {
        closed.add(peer);
    }

    @Override
    public void close() throws Exception {
        ended = true;
        links.wake();
        thread.join();
        links.close();
    }
}
