package io.holdfast.restore.checkpoint;

import io.holdfast.capture.linux.LibC;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.atomic.AtomicInteger;

/** A network namespace with its loopback up, gone when closed. Any thread. */
final class TestNet implements AutoCloseable {
    private static final AtomicInteger COUNT = new AtomicInteger();

    private final String name = "hft" + ProcessHandle.current().pid() + "c" + COUNT.incrementAndGet();

    TestNet() {
        sh("ip netns add " + name + " && ip -n " + name + " link set lo up");
    }

    String name() {
        return name;
    }

    /** A command line that runs {@code command} in here, in the caller's mount namespace (ip netns exec makes one). */
    List<String> command(String... command) {
        List<String> all = new ArrayList<>(List.of("/usr/bin/nsenter", "--net=/run/netns/" + name));
        all.addAll(List.of(command));
        return all;
    }

    /** A program that starts {@code program} in here. */
    Path wrap(Path program, Path script) throws IOException {
        Files.writeString(script, "#!/bin/sh\nexec " + String.join(" ", command(program.toString())) + " \"$@\"\n");
        return Files.setPosixFilePermissions(script, PosixFilePermissions.fromString("rwx------"));
    }

    /** Runs the call on a thread that is in here, so that the sockets it makes are. */
    <T> T call(Callable<T> call) throws Exception {
        FutureTask<T> task = new FutureTask<>(() -> {
            int fd = LibC.check("open", LibC.open("/run/netns/" + name, LibC.O_RDONLY | LibC.O_CLOEXEC, 0));
            LibC.check("setns", LibC.setns(fd, LibC.CLONE_NEWNET));
            LibC.check("close", LibC.close(fd));
            return call.call();
        });
        new Thread(task, "in-" + name).start();
        try {
            return task.get();
        } catch (ExecutionException e) {
            throw e.getCause() instanceof Exception cause ? cause : e;
        }
    }

    String run(String... command) {
        return output(command(command));
    }

    static String sh(String script) {
        return output(List.of("/bin/sh", "-c", script));
    }

    private static String output(List<String> command) {
        try {
            Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
            String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
            if (process.waitFor() != 0) {
                throw new IllegalStateException(command + ": " + said);
            }
            return said;
        } catch (IOException | InterruptedException e) {
            throw new IllegalStateException(command.toString(), e);
        }
    }

    @Override
    public void close() {
        sh("ip netns del " + name);
    }
}
