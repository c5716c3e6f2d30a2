package io.holdfast.cli.testbed;

import java.nio.file.Path;
import java.util.concurrent.ThreadFactory;
import jnr.ffi.LibraryLoader;
import jnr.ffi.Runtime;

/**
 * Makes threads that stand in a network namespace of the testbed, so that the process that drives it can talk to the
 * nodes while it stays in its own. A namespace belongs to a thread, not to a process (setns(2)); the thread's sockets
 * stay in it. Immutable; any thread.
 */
public final class NetworkThreads implements ThreadFactory {

    /** The calls of libc used here; see setns(2). */
    public interface NamespaceCalls {
        int open(String path, int flags);

        int setns(int fd, int type);

        int close(int fd);
    }

    private static final int O_RDONLY_CLOEXEC = 0x80000;
    private static final int CLONE_NEWNET = 0x40000000;

    private final Path namespaceFile;
    private final NamespaceCalls libc;
    private final Runtime runtime;

    NetworkThreads(Path namespaceFile) {
        this.namespaceFile = namespaceFile;
        this.libc = LibraryLoader.create(NamespaceCalls.class).load("c");
        this.runtime = Runtime.getRuntime(libc);
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
        int fd = libc.open(namespaceFile.toString(), O_RDONLY_CLOEXEC);
        if (fd < 0) {
            throw new TestbedException("open " + namespaceFile + ": errno " + runtime.getLastError());
        }
        int result = libc.setns(fd, CLONE_NEWNET);
        int errno = runtime.getLastError();
        libc.close(fd);
        if (result != 0) {
            throw new TestbedException("setns " + namespaceFile + ": errno " + errno);
        }
    }
}
