package io.holdfast.cli.testbed;

import static io.holdfast.capture.linux.LibC.check;

import io.holdfast.capture.linux.LibC;
import java.nio.file.Path;
import java.util.concurrent.ThreadFactory;

/**
 * Makes threads that stand in a network namespace of the testbed, so that the process that drives it can talk to the
 * nodes while it stays in its own. A namespace belongs to a thread, not to a process (setns(2)); the thread's sockets
 * stay in it. Immutable; any thread.
 */
public final class NetworkThreads implements ThreadFactory {

    private final Path namespaceFile;

    NetworkThreads(Path namespaceFile) {
        this.namespaceFile = namespaceFile;
    }

    @Override
    public Thread newThread(Runnable work) {
        Thread thread = new Thread(() -> {
            enter();
            work.run();
        }, "in-" + namespaceFile.getFileName());
        thread.setDaemon(true);
        return thread;
    }

    private void enter() {
        int fd = check("open " + namespaceFile, LibC.open(namespaceFile.toString(),
                LibC.O_RDONLY | LibC.O_CLOEXEC, 0));
        try {
            check("setns " + namespaceFile, LibC.setns(fd, LibC.CLONE_NEWNET));
        } finally {
            LibC.close(fd);
        }
    }
}
