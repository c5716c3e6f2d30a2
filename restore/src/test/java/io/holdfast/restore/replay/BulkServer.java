package io.holdfast.restore.replay;

import java.io.BufferedOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;

/**
 * A server in this process that answers each message (length, then bytes) with as many bytes, changed. A length of
 * zero has it close the connection.
 */
final class BulkServer implements AutoCloseable {
    static final int PORT = 7100;
    private final ServerSocket listener;

    /** Listens in the namespace. */
    BulkServer(Namespace namespace) {
        listener = namespace.call(() -> {
            ServerSocket socket = new ServerSocket();
            socket.setReuseAddress(true);
            socket.bind(new InetSocketAddress("0.0.0.0", PORT), 100);
            return socket;
        });
        daemon(this::accept);
    }

    private static void daemon(Runnable body) {
        Thread thread = new Thread(body, "bulk-server");
        thread.setDaemon(true);
        thread.start();
    }

    private void accept() {
        try {
            while (true) {
                Socket socket = listener.accept();
                daemon(() -> serve(socket));
            }
        } catch (IOException e) {
            return; // closed
        }
    }

    private static void serve(Socket socket) {
        try (socket) {
            DataInputStream in = new DataInputStream(socket.getInputStream());
            DataOutputStream out = new DataOutputStream(new BufferedOutputStream(socket.getOutputStream()));
            while (true) {
                byte[] message = new byte[in.readInt()];
                if (message.length == 0) {
                    return;
                }
                in.readFully(message);
                for (int i = 0; i < message.length; i++) {
                    message[i] ^= 0x5a;
                }
                out.write(message);
                out.flush();
            }
        } catch (IOException e) {
            return; // the client's end, or that of the machine
        }
    }

    @Override
    public void close() throws IOException {
        listener.close();
    }
}
