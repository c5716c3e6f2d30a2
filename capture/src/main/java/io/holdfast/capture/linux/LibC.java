package io.holdfast.capture.linux;

import com.kenai.jffi.MemoryIO;
import java.nio.ByteBuffer;
import jnr.ffi.LibraryLoader;
import jnr.ffi.Runtime;

/**
 * The libc functions in use, callable from any thread.
 *
 * <p>Each returns what the kernel itself would: the result, or the <em>negated</em> error number. Nothing is thrown
 * and nothing is allocated, so the packet path can call them; {@link #check} turns a negative result into a
 * {@link SystemCallException} where a failure is not part of the plan. Memory is passed by address
 * ({@link #addressOf}); the caller keeps the buffer reachable until the call returns. Written for LP64 Linux.
 */
public final class LibC {
    public static final int AF_UNIX = 1;
    public static final int AF_INET = 2;
    public static final int AF_INET6 = 10;
    public static final int AF_NETLINK = 16;
    public static final int AF_PACKET = 17;
    public static final int SOCK_STREAM = 1;
    public static final int SOCK_DGRAM = 2;
    public static final int SOCK_RAW = 3;
    public static final int SOCK_NONBLOCK = 0x800;
    public static final int SOCK_CLOEXEC = 0x80000;
    public static final int SOL_SOCKET = 1;
    public static final int SO_ERROR = 4;
    public static final int SO_RCVBUF = 8;
    public static final int SO_BINDTODEVICE = 25;
    public static final int SO_RCVBUFFORCE = 33;
    public static final int SO_SNDBUFFORCE = 32;
    public static final int SOL_NETLINK = 270;
    public static final int IPPROTO_IP = 0;
    public static final int IPPROTO_TCP = 6;
    public static final int IPPROTO_UDP = 17;
    public static final int IPPROTO_RAW = 255;
    public static final int MSG_PEEK = 0x2;
    public static final int MSG_TRUNC = 0x20;
    public static final int MSG_DONTWAIT = 0x40;
    public static final int MSG_NOSIGNAL = 0x4000;
    public static final int POLLIN = 0x1;
    public static final int POLLOUT = 0x4;
    public static final int POLLERR = 0x8;
    public static final int POLLHUP = 0x10;
    public static final int EFD_CLOEXEC = 0x80000;
    public static final int EFD_NONBLOCK = 0x800;
    private static final int PRIO_PROCESS = 0;
    private static final int SCHED_BATCH = 3;
    public static final int O_RDONLY = 0;
    public static final int O_RDWR = 2;
    public static final int O_NONBLOCK = 0x800;
    public static final int O_CLOEXEC = 0x80000;
    public static final int CLONE_NEWNET = 0x40000000;
    public static final int CLONE_NEWNS = 0x00020000;

    /** A table of stateless functions, bound once when the class is initialised. */
    private static final Functions C = LibraryLoader.create(Functions.class).failImmediately().load("c");
    private static final Runtime RUNTIME = Runtime.getRuntime(C);

    private LibC() {
    }

    /**
     * The native signatures, as in the manual pages; {@code long} is both C long, size_t and an address.
     *
     * <p>None has exactly six parameters: the stub that jnr-ffi 2.3.0 writes for those on x86-64 passes garbage as the
     * sixth. A seventh that C does not look at takes another way, which is right but allocates.
     */
    public interface Functions {
        int socket(int domain, int type, int protocol);

        int bind(int fd, long address, int length);

        int connect(int fd, long address, int length);

        int getsockname(int fd, long address, long lengthAddress);

        long send(int fd, long buffer, long length, int flags);

        long recv(int fd, long buffer, long length, int flags);

        long sendto(int fd, long buffer, long length, int flags, long address, int addressLength, long unused);

        long recvfrom(int fd, long buffer, long length, int flags, long address, long lengthAddress, long unused);

        int setsockopt(int fd, int level, int option, long value, int length);

        int getsockopt(int fd, int level, int option, long value, long lengthAddress);

        int ioctl(int fd, long request, long argument);

        int poll(long fds, long count, int timeoutMs);

        int eventfd(int initial, int flags);

        long read(int fd, long buffer, long length);

        long write(int fd, long buffer, long length);

        int open(String path, int flags, int mode);

        int close(int fd);

        int dup(int fd);

        int shutdown(int fd, int how);

        int unshare(int flags);

        int setns(int fd, int type);

        int kill(int pid, int signal);

        int setpriority(int which, int who, int priority);

        int sched_setscheduler(int pid, int policy, long parameters);

        long syscall(long number, long a, long b, long c, long d, long e, long f);

        String strerror(int errno);
    }

    private static int result(int result) {
        return result < 0 ? -RUNTIME.getLastError() : result;
    }

    private static long result(long result) {
        return result < 0 ? -RUNTIME.getLastError() : result;
    }

    /** Passes a result that is not negative on; otherwise throws with the call's name and the error number in it. */
    public static int check(String call, int result) {
        if (result < 0) {
            throw new SystemCallException(call, -result);
        }
        return result;
    }

    /** As {@link #check(String, int)}. */
    public static long check(String call, long result) {
        if (result < 0) {
            throw new SystemCallException(call, (int) -result);
        }
        return result;
    }

    /** Where byte 0 of a direct buffer (or of a slice) lies; position and limit do not matter. */
    public static long addressOf(ByteBuffer direct) {
        if (!direct.isDirect()) {
            throw new IllegalArgumentException("not a direct buffer");
        }
        return MemoryIO.getInstance().getDirectBufferAddress(direct);
    }

    /** What the C library says of an error number. */
    public static String describe(int errno) {
        return C.strerror(errno);
    }

    public static int socket(int domain, int type, int protocol) {
        return result(C.socket(domain, type, protocol));
    }

    public static int bind(int fd, long address, int length) {
        return result(C.bind(fd, address, length));
    }

    public static int connect(int fd, long address, int length) {
        return result(C.connect(fd, address, length));
    }

    /** @param lengthAddress of an int: in the room, out the length */
    public static int getsockname(int fd, long address, long lengthAddress) {
        return result(C.getsockname(fd, address, lengthAddress));
    }

    public static long send(int fd, long buffer, long length, int flags) {
        return result(C.send(fd, buffer, length, flags));
    }

    public static long recv(int fd, long buffer, long length, int flags) {
        return result(C.recv(fd, buffer, length, flags));
    }

    /** Allocates, so not for the packet path. */
    public static long sendto(int fd, long buffer, long length, int flags, long address, int addressLength) {
        return result(C.sendto(fd, buffer, length, flags, address, addressLength, 0));
    }

    /** @param lengthAddress of an int: in the room, out the length; 0 with an address of 0. Allocates. */
    public static long recvfrom(int fd, long buffer, long length, int flags, long address, long lengthAddress) {
        return result(C.recvfrom(fd, buffer, length, flags, address, lengthAddress, 0));
    }

    public static int setsockopt(int fd, int level, int option, long value, int length) {
        return result(C.setsockopt(fd, level, option, value, length));
    }

    /** Sets an option whose value is an int. Allocates, so not for the packet path. */
    public static int setsockopt(int fd, int level, int option, int value) {
        ByteBuffer buffer = direct(Integer.BYTES).putInt(0, value);
        int result = setsockopt(fd, level, option, addressOf(buffer), Integer.BYTES);
        java.lang.ref.Reference.reachabilityFence(buffer);
        return result;
    }

    public static int getsockopt(int fd, int level, int option, long value, long lengthAddress) {
        return result(C.getsockopt(fd, level, option, value, lengthAddress));
    }

    public static int ioctl(int fd, long request, long argument) {
        return result(C.ioctl(fd, request, argument));
    }

    /** @param fds of {@code count} struct pollfd: int fd, short events, short revents; see {@link PollSet} */
    public static int poll(long fds, int count, int timeoutMs) {
        return result(C.poll(fds, count, timeoutMs));
    }

    public static int eventfd(int initial, int flags) {
        return result(C.eventfd(initial, flags));
    }

    public static long read(int fd, long buffer, long length) {
        return result(C.read(fd, buffer, length));
    }

    public static long write(int fd, long buffer, long length) {
        return result(C.write(fd, buffer, length));
    }

    public static int open(String path, int flags, int mode) {
        return result(C.open(path, flags, mode));
    }

    public static int close(int fd) {
        return result(C.close(fd));
    }

    public static int dup(int fd) {
        return result(C.dup(fd));
    }

    public static int shutdown(int fd, int how) {
        return result(C.shutdown(fd, how));
    }

    /** Of the calling thread alone. */
    public static int unshare(int flags) {
        return result(C.unshare(flags));
    }

    /** Moves the calling thread alone into the namespace {@code fd} stands for. */
    public static int setns(int fd, int type) {
        return result(C.setns(fd, type));
    }

    /** Sets the nice value of the calling thread alone, which threads and processes it starts inherit. */
    public static int niceOfThisThread(int nice) {
        return result(C.setpriority(PRIO_PROCESS, 0, nice));
    }

    /**
     * Makes the calling thread alone one that, woken, takes no processor from another (sched(7), SCHED_BATCH); threads and
     * processes it starts inherit it. The nice value stays. Allocates.
     */
    public static int batchPolicyOfThisThread() {
        ByteBuffer priority = direct(Integer.BYTES); // struct sched_param: zero, which is what the policy wants
        int result = result(C.sched_setscheduler(0, SCHED_BATCH, addressOf(priority)));
        java.lang.ref.Reference.reachabilityFence(priority);
        return result;
    }

    public static int kill(int pid, int signal) {
        return result(C.kill(pid, signal));
    }

    /** syscall(2), for calls libc has no function for (pidfd_open 434, pidfd_getfd 438 on every architecture). */
    public static long syscall(long number, long a, long b, long c, long d, long e, long f) {
        return result(C.syscall(number, a, b, c, d, e, f));
    }

    /** As {@link #syscall(long, long, long, long, long, long, long)} with three arguments. */
    public static long syscall(long number, long a, long b, long c) {
        return syscall(number, a, b, c, 0, 0, 0);
    }

    /** A direct buffer in the byte order of this machine, which is what structs and netlink use. */
    public static ByteBuffer direct(int capacity) {
        return ByteBuffer.allocateDirect(capacity).order(java.nio.ByteOrder.nativeOrder());
    }
}
