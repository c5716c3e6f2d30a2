package io.holdfast.restore.replay;

import java.io.BufferedOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.BindException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.util.Random;
import java.util.concurrent.Future;

/** Sends messages of random length to a {@link BulkServer} and checks every byte that comes back. */
final class BulkClient {
    private static final int MOST_BUSY = 100_000;
    private final Future<Long> end;
    private final int largest;
    private final int perConnection;
    private final int fromPort;
    private volatile boolean stopping;
    private volatile long messages;
    private int busy;

    /**
     * @param largest bytes of a message
     * @param perConnection messages on one connection, then the next is opened
     * @param fromPort the port every connection comes from; 0: any
     */
    BulkClient(Scene scene, long seed, int largest, int perConnection, int fromPort) {
        this.largest = largest;
        this.perConnection = perConnection;
        this.fromPort = fromPort;
        end = scene.client.start(() -> run(new Random(seed)));
    }

    private long run(Random random) throws IOException {
        while (!stopping) {
            try (Socket socket = new Socket()) {
                socket.setTcpNoDelay(true);
                socket.setSoTimeout(20_000);
                socket.setReuseAddress(true);
                socket.bind(new InetSocketAddress(Scene.CLIENT, fromPort));
                socket.connect(new InetSocketAddress(Scene.VIP, BulkServer.PORT), 20_000);
                exchange(socket, random);
            } catch (BindException e) {
                busy++; // the connection before on this port is not quite gone
                if (busy > MOST_BUSY) {
                    throw e;
                }
            }
        }
        return messages;
    }

    private void exchange(Socket socket, Random random) throws IOException {
        DataInputStream in = new DataInputStream(socket.getInputStream());
        DataOutputStream out = new DataOutputStream(new BufferedOutputStream(socket.getOutputStream()));
        for (int n = 0; n < perConnection && !stopping; n++) {
            byte[] message = new byte[1 + random.nextInt(largest)];
            random.nextBytes(message);
            out.writeInt(message.length);
            out.write(message);
            out.flush();
            byte[] answer = new byte[message.length];
            in.readFully(answer);
            for (int i = 0; i < answer.length; i++) {
                if ((answer[i] ^ 0x5a) != message[i]) {
                    throw new IOException("byte " + i + " of " + answer.length + " is wrong after " + messages + " messages");
                }
            }
            messages++;
        }
        out.writeInt(0);
        out.flush();
        if (in.read() != -1) {
            throw new IOException("more than the answer");
        }
    }

    long messages() {
        return messages;
    }

    boolean isOver() {
        return end.isDone();
    }

    /** Stops after the message under way; throws when anything was wrong. */
    long stop() {
        stopping = true;
        return Namespace.await(end);
    }
}
