package io.holdfast.benchmarks.protect;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.HdrHistogram.Histogram;

/**
 * A client that keeps one request a connection under way: each answer is checked and brings the next request. One
 * thread serves all connections, as redis-benchmark does. Owned by the thread that makes it.
 */
final class ClosedLoop implements AutoCloseable {

    private static final long LONGEST_LATENCY_NANOS = 60_000_000_000L;
    private static final int CONNECT_TIMEOUT_MS = 10_000;
    /** How long all connections may be without an answer before the measurement fails. */
    private static final long SILENCE_BOUND_MS = 30_000;

    private final Selector selector = Selector.open();
    private final List<CountingExchange> exchanges = new ArrayList<>();
    private Histogram latency;
    private long toAsk;
    private long underWay;
    private long deadlineNanos;

    /**
     * Opens the connections.
     *
     * @param keyPrefix of keys nobody has counted on
     * @param replicas how many replicas must hold each write before it counts as answered; 0 asks for none
     */
    ClosedLoop(InetSocketAddress server, int connections, String keyPrefix, int replicas) throws IOException {
        try {
            for (int i = 0; i < connections; i++) {
                SocketChannel channel = SocketChannel.open();
                CountingExchange exchange = new CountingExchange(channel, keyPrefix + i, replicas);
                exchanges.add(exchange);
                channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
                channel.socket().connect(server, CONNECT_TIMEOUT_MS);
                channel.configureBlocking(false);
                channel.register(selector, SelectionKey.OP_READ, exchange);
            }
        } catch (IOException e) {
            close();
            throw e;
        }
    }

    /** Asks so many times in all, or until {@code bound} has passed, and waits for what is under way. */
    Load run(long requests, Duration bound) throws IOException {
        latency = new Histogram(LONGEST_LATENCY_NANOS, 3);
        toAsk = requests;
        underWay = 0;
        long started = System.nanoTime();
        deadlineNanos = started + bound.toNanos();
        for (CountingExchange exchange : exchanges) {
            askNext(exchange);
        }
        try {
            while (underWay > 0) {
                if (selector.select(this::read, SILENCE_BOUND_MS) == 0) {
                    throw new IOException("no answer for " + SILENCE_BOUND_MS + " ms");
                }
            }
        } catch (UncheckedIOException e) {
            throw e.getCause();
        }
        return new Load(latency.getTotalCount(), System.nanoTime() - started, latency);
    }

    private void askNext(CountingExchange exchange) throws IOException {
        if (toAsk > 0 && System.nanoTime() - deadlineNanos < 0) {
            toAsk--;
            exchange.ask();
            underWay++;
        }
    }

    private void read(SelectionKey key) {
        CountingExchange exchange = (CountingExchange) key.attachment();
        try {
            if (exchange.read()) {
                latency.recordValue(System.nanoTime() - exchange.askedNanos());
                underWay--;
                askNext(exchange);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void close() throws IOException {
        for (CountingExchange exchange : exchanges) {
            exchange.close();
        }
        selector.close();
    }
}
