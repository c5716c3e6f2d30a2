package io.holdfast.consensus;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;

import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLEngineResult;

/**
 * Has threads of its own: connects to members again and again from an address where none of them is, thousands of times a
 * second, and stays silent, breaks off in the middle of a hello, or sends all of one, which costs the member a signature.
 */
final class Flood implements AutoCloseable {
    private static final int OPEN_AT_ONCE = 500;
    private static final int THREADS = 2;
    private static final int CONNECT_BOUND_MS = 100;

    final AtomicInteger connections = new AtomicInteger();
    private final InetAddress from;
    private final List<InetSocketAddress> targets;
    private final List<byte[]> words;
    private final List<Thread> threads = new ArrayList<>();
    private volatile boolean ended;

    Flood(String from, List<InetSocketAddress> targets) throws IOException {
        this.from = InetAddress.getByName(from);
        this.targets = targets;
        byte[] hello = hello();
        this.words = List.of(new byte[0], Arrays.copyOf(hello, hello.length / 2), hello);
        for (int i = 0; i < THREADS; i++) {
            Thread thread = new Thread(this::run, "flood-" + i);
            threads.add(thread);
            thread.start();
        }
    }

    private static byte[] hello() throws IOException {
        SSLEngine engine = TestTraffic.another().engine(true);
        ByteBuffer hello = ByteBuffer.allocate(engine.getSession().getPacketBufferSize());
        if (engine.wrap(ByteBuffer.allocate(0), hello).getStatus() != SSLEngineResult.Status.OK) {
            throw new IOException("no hello");
        }
        return Arrays.copyOf(hello.array(), hello.position());
    }

    private void run() {
        Deque<Socket> open = new ArrayDeque<>();
        for (int i = 0; !ended; i++) {
            open.addLast(connect(targets.get(i % targets.size()), words.get(i / targets.size() % words.size())));
            if (open.size() > OPEN_AT_ONCE / THREADS) {
                close(open.removeFirst());
            }
        }
        open.forEach(Flood::close);
    }

    private Socket connect(InetSocketAddress to, byte[] hello) {
        Socket socket = new Socket();
        try {
            socket.bind(new InetSocketAddress(from, 0));
            socket.connect(to, CONNECT_BOUND_MS);
            connections.incrementAndGet();
            socket.getOutputStream().write(hello);
        } catch (IOException e) {
            // Turned away, or a member that is down just now: the next one.
        }
        return socket;
    }

    private static void close(Socket socket) {
        try {
            socket.close();
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    @Override
    public void close() throws InterruptedException {
        ended = true;
        for (Thread thread : threads) {
            thread.join();
        }
    }
}
