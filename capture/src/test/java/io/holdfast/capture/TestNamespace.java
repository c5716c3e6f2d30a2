package io.holdfast.capture;

import io.holdfast.capture.linux.Command;
import io.holdfast.capture.linux.Descriptor;
import io.holdfast.capture.linux.LibC;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.Assumptions;

/**
 * A network namespace the test made, with one thread that lives in it: setns(2) moves a thread alone, and the sockets
 * it opens and the programs it starts belong to its namespace.
 */
final class TestNamespace implements AutoCloseable {
    private static final int LIMIT_SECONDS = 60;
    private final String name;
    private final ExecutorService inside;

    TestNamespace(String label) {
        Assumptions.assumeTrue("root".equals(System.getProperty("user.name")),
                "needs root: CAP_NET_ADMIN and CAP_SYS_ADMIN for network namespaces");
        name = "hft" + ProcessHandle.current().pid() + "-" + ThreadLocalRandom.current().nextInt(10_000) + label;
        Command.run("ip", "netns", "add", name);
        inside = Executors.newSingleThreadExecutor(body -> {
            Thread thread = new Thread(body, name);
            thread.setDaemon(true);
            return thread;
        });
        call(() -> {
            try (Descriptor file = Descriptor.open("/run/netns/" + name, LibC.O_RDONLY)) {
                return LibC.check("setns", LibC.setns(file.number(), LibC.CLONE_NEWNET));
            }
        });
        run("ip", "link", "set", "lo", "up");
    }

    String name() {
        return name;
    }

    /** Runs {@code body} on the namespace's thread. */
    <T> T call(Callable<T> body) {
        try {
            return inside.submit(body).get(LIMIT_SECONDS, TimeUnit.SECONDS);
        } catch (ExecutionException e) {
            if (e.getCause() instanceof RuntimeException runtime) {
                throw runtime;
            }
            if (e.getCause() instanceof Error error) {
                throw error;
            }
            throw new IllegalStateException(e.getCause());
        } catch (InterruptedException | TimeoutException e) {
            throw new IllegalStateException(name + " did not end in time", e);
        }
    }

    /** Runs a program in the namespace. Returns its output. */
    String run(String... command) {
        return call(() -> Command.run(command));
    }

    /** Writes a setting under /proc/sys/net, which shows the namespace of the thread that opens it. */
    void sysctl(String path, String value) {
        call(() -> Files.writeString(Path.of("/proc/sys/net", path), value));
    }

    @Override
    public void close() {
        inside.shutdownNow();
        Command.run("ip", "netns", "del", name);
    }
}
