package io.holdfast.benchmarks.group;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.DatagramChannel;

/**
 * The floor: the first member sends datagrams, the second sends them back. The offering thread sends, a thread of its own
 * receives.
 */
final class UdpContender implements Contender {
    /** A socket's buffer holds more than these; with no bound, a process that the machine lets wait for 30 ms loses some. */
    private static final int MOST_UNDER_WAY = 32;
    /** Who has had nothing back for so long has lost them. */
    private static final long LOST_NANOS = 10_000_000_000L;

    private final Events events;
    private final DatagramChannel channel;
    private final int number;
    private long sent;
    private long sentNanos;
    private volatile long returned;

    private UdpContender(DatagramChannel channel, int number, Events events) {
        this.channel = channel;
        this.number = number;
        this.events = events;
    }

    static Contender join(MemberPlaces places, Events events) throws IOException {
        DatagramChannel channel = DatagramChannel.open().bind(places.own().address());
        int number = places.number();
        channel.connect(places.all().get(number == 0 ? 1 : 0).address());
        UdpContender contender = new UdpContender(channel, number, events);
        Thread receiver = new Thread(contender::receive, "udp");
        receiver.setDaemon(true);
        receiver.start();
        if (number == 0) {
            events.leads();
        }
        return contender;
    }

    private void receive() {
        ByteBuffer buffer = ByteBuffer.allocateDirect(1 << 16);
        byte[] entry = new byte[1 << 16];
        try {
            while (true) {
                buffer.clear();
                channel.read(buffer);
                buffer.flip();
                if (number == 0) {
                    int length = buffer.remaining();
                    buffer.get(entry, 0, length);
                    returned = returned + 1; // by this thread alone
                    events.committed(entry, 0, length);
                } else {
                    channel.write(buffer);
                }
            }
        } catch (AsynchronousCloseException closed) {
            // The end.
        } catch (IOException e) {
            throw new IllegalStateException("UDP: " + e, e);
        }
    }

    @Override
    public boolean leading() {
        return number == 0 && (sent - returned < MOST_UNDER_WAY || System.nanoTime() - sentNanos < LOST_NANOS);
    }

    @Override
    public boolean offer(byte[] entry) {
        if (sent - returned >= MOST_UNDER_WAY) {
            return false;
        }
        try {
            boolean whole = channel.write(ByteBuffer.wrap(entry)) == entry.length;
            sent++;
            sentNanos = System.nanoTime();
            return whole;
        } catch (IOException e) {
            return false;
        }
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }
}
