package io.holdfast.consensus;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

import org.jgroups.stack.IpAddress;

/** Has threads of its own: stands between a member and another, reads along, and changes a byte when told to. */
final class TestProxy implements AutoCloseable {
    private final ServerSocket listening = new ServerSocket(0, 8, InetAddress.getByName("127.0.0.1"));
    private final List<Socket> sockets = new CopyOnWriteArrayList<>();
    private final ByteArrayOutputStream seen = new ByteArrayOutputStream();
    private final IpAddress target;
    private volatile boolean spoilNext;

    TestProxy(IpAddress target) throws IOException {
        this.target = target;
        start(this::accept);
    }

    IpAddress place() {
        return LinkEnd.at(listening.getInetAddress(), listening.getLocalPort());
    }

    /** The next bytes towards the target arrive with one bit of the last one turned. */
    void spoilNext() {
        spoilNext = true;
    }

    byte[] seen() {
        synchronized (seen) {
            return seen.toByteArray();
        }
    }

    /** As the kernel of a process does that was killed. */
    void cut() throws IOException {
        for (Socket socket : sockets) {
            socket.setSoLinger(true, 0);
            socket.close();
        }
    }

    private void accept() {
        try {
            while (true) {
                Socket from = listening.accept();
                Socket to = new Socket(target.getIpAddress(), target.getPort());
                sockets.addAll(List.of(from, to));
                start(() -> pass(from, to, true));
                start(() -> pass(to, from, false));
            }
        } catch (IOException closed) {
            // the test is over
        }
    }

    private void pass(Socket from, Socket to, boolean towardsTarget) {
        try {
            InputStream in = from.getInputStream();
            OutputStream out = to.getOutputStream();
            byte[] bytes = new byte[1 << 16];
            for (int read = in.read(bytes); read > 0; read = in.read(bytes)) {
                synchronized (seen) {
                    seen.write(bytes, 0, read);
                }
                if (towardsTarget && spoilNext) {
                    spoilNext = false;
                    bytes[read - 1] ^= 1;
                }
                out.write(bytes, 0, read);
            }
            to.close();
        } catch (IOException closed) {
            // one of the two ends has closed it
        }
    }

    private static void start(Runnable work) {
        Thread thread = new Thread(work, "proxy");
        thread.setDaemon(true);
        thread.start();
    }

    @Override
    public void close() throws IOException {
        listening.close();
        for (Socket socket : sockets) {
            socket.close();
        }
    }
}
