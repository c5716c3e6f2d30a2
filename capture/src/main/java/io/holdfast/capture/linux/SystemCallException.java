package io.holdfast.capture.linux;

/** A system call (or a netlink request, which carries an errno of its own) that failed. */
public final class SystemCallException extends RuntimeException {
    private final String call;
    private final int errno;

    /** @param errno the positive error number */
    public SystemCallException(String call, int errno) {
        this(call, errno, "");
    }

    /** @param detail what the kernel said beyond the number, for instance netlink's extended acknowledgement; may be empty */
    public SystemCallException(String call, int errno, String detail) {
        super(call + ": " + LibC.describe(errno) + " (errno " + errno + ")" + (detail.isEmpty() ? "" : ": " + detail));
        this.call = call;
        this.errno = errno;
    }

    public String call() {
        return call;
    }

    public int errno() {
        return errno;
    }
}
