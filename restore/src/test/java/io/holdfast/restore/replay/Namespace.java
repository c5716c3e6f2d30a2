package io.holdfast.restore.replay;

import io.holdfast.capture.linux.Command;
import io.holdfast.capture.linux.Descriptor;
import io.holdfast.capture.linux.LibC;
import java.io.IOException;
import java.lang.ProcessBuilder.Redirect;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.FutureTask;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.Assumptions;

/** A network namespace the test made; threads, sockets and programs can be put in it (setns(2) moves one thread). */
final class Namespace implements AutoCloseable {
    private static final int LIMIT_SECONDS = 60;

    private final String name;
    private final List<Process> processes = new ArrayList<>();

    Namespace(String label) {
        Assumptions.assumeTrue("root".equals(System.getProperty("user.name")),
                "needs root: CAP_NET_ADMIN and CAP_SYS_ADMIN for network namespaces");
        name = "hft" + ProcessHandle.current().pid() + "-" + ThreadLocalRandom.current().nextInt(10_000) + label;
        Command.run("ip", "netns", "add", name);
        run("ip", "link", "set", "lo", "up");
    }

    String name() {
        return name;
    }

    /** Runs {@code body} on a new thread in the namespace. */
    <T> Future<T> start(Callable<T> body) {
        FutureTask<T> task = new FutureTask<>(() -> {
            try (Descriptor file = Descriptor.open("/run/netns/" + name, LibC.O_RDONLY)) {
                LibC.check("setns", LibC.setns(file.number(), LibC.CLONE_NEWNET));
            }
            return body.call();
        });
        Thread thread = new Thread(task, name);
        thread.setDaemon(true);
        thread.start();
        return task;
    }

    /** Runs {@code body} in the namespace to its end. */
    <T> T call(Callable<T> body) {
        return await(start(body));
    }

    static <T> T await(Future<T> task) {
        try {
            return task.get(LIMIT_SECONDS, TimeUnit.SECONDS);
        } catch (ExecutionException e) {
            if (e.getCause() instanceof RuntimeException runtime) {
                throw runtime;
            }
            if (e.getCause() instanceof Error error) {
                throw error;
            }
            throw new IllegalStateException(e.getCause());
        } catch (InterruptedException | TimeoutException e) {
            throw new IllegalStateException("no end in time", e);
        }
    }

    /** Runs a program in the namespace. Returns its output. */
    String run(String... command) {
        return call(() -> Command.run(command));
    }

    /** Starts a program in the namespace that {@link #close} ends. */
    Process launch(String... command) {
        Process process = call(() -> {
            try {
                return new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(Redirect.DISCARD).start();
            } catch (IOException e) {
                throw new IllegalStateException(e);
            }
        });
        processes.add(process);
        return process;
    }

    static void kill(Process process) {
        process.destroyForcibly();
        CompletableFuture<Process> exit = process.onExit();
        await(exit);
    }

    @Override
    public void close() {
        processes.forEach(Namespace::kill);
        Command.run("ip", "netns", "del", name);
    }
}
