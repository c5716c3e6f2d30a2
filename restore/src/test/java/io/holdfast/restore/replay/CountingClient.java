package io.holdfast.restore.replay;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Future;

/** Counts with INCR on one connection and checks every answer; runs on a thread of its own. */
final class CountingClient {
    private final String key;
    private final int pipelined;
    private final Future<Long> end;
    private volatile boolean stopping;
    private volatile long answers;
    private volatile long longestGapNanos;
    private final Queue<Long> times = new ConcurrentLinkedQueue<>();

    CountingClient(Scene scene, int port, String key, int pipelined) {
        this.key = key;
        this.pipelined = pipelined;
        this.end = scene.client.start(() -> count(port));
    }

    private long count(int port) throws IOException {
        try (Socket socket = new Socket()) {
            socket.setTcpNoDelay(true);
            socket.setSoTimeout(15_000);
            socket.connect(new InetSocketAddress(Scene.VIP, port), 15_000);
            OutputStream out = socket.getOutputStream();
            BufferedReader in = new BufferedReader(new InputStreamReader(socket.getInputStream(), StandardCharsets.US_ASCII));
            byte[] request = ("INCR " + key + "\r\n").repeat(pipelined).getBytes(StandardCharsets.US_ASCII);
            long last = System.nanoTime();
            while (!stopping) {
                out.write(request);
                for (int i = 0; i < pipelined; i++) {
                    String answer = in.readLine();
                    if (!(":" + (answers + 1)).equals(answer)) {
                        throw new IOException(key + ": " + answer + " is not the answer after " + answers);
                    }
                    answers++;
                }
                long now = System.nanoTime();
                times.add(now);
                longestGapNanos = Math.max(longestGapNanos, now - last);
                last = now;
            }
            return answers;
        }
    }

    long answers() {
        return answers;
    }

    long longestGapMs() {
        return longestGapNanos / 1_000_000;
    }

    /** When the first answer came after a moment of {@link System#nanoTime}; 0: none yet. */
    long firstAfter(long nanos) {
        return times.stream().filter(time -> time > nanos).findFirst().orElse(0L);
    }

    boolean isOver() {
        return end.isDone();
    }

    /** Stops after the answers that are due. Returns how many there were; throws when one was wrong or missing. */
    long stop() {
        stopping = true;
        return Namespace.await(end);
    }
}
