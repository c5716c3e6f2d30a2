package io.holdfast.capture.linux;

import java.lang.ref.Reference;
import java.nio.ByteBuffer;

/** An eventfd(2) that wakes a thread out of poll(2): {@link #signal} from any thread, the rest by the thread woken. */
public final class EventFd implements AutoCloseable {
    private final Descriptor descriptor;
    private final ByteBuffer one = LibC.direct(Long.BYTES).putLong(0, 1);
    private final ByteBuffer seen = LibC.direct(Long.BYTES);
    private final long oneAddress = LibC.addressOf(one);
    private final long seenAddress = LibC.addressOf(seen);

    public EventFd() {
        descriptor = new Descriptor(
                LibC.check("eventfd", LibC.eventfd(0, LibC.EFD_CLOEXEC | LibC.EFD_NONBLOCK)), "eventfd");
    }

    /** Makes the descriptor readable until {@link #clear}. */
    public void signal() {
        long result = LibC.write(descriptor.number(), oneAddress, Long.BYTES);
        // EAGAIN: the counter is at its maximum, so the descriptor is readable already.
        if (result < 0 && result != -Errno.EAGAIN) {
            LibC.check("write(eventfd)", result);
        }
        Reference.reachabilityFence(one);
    }

    /** Makes the descriptor unreadable again. Returns whether it had been signalled. */
    public boolean clear() {
        long result = LibC.read(descriptor.number(), seenAddress, Long.BYTES);
        if (result < 0 && result != -Errno.EAGAIN) {
            LibC.check("read(eventfd)", result);
        }
        Reference.reachabilityFence(seen);
        return result > 0;
    }

    public boolean isOpen() {
        return descriptor.isOpen();
    }

    public int number() {
        return descriptor.number();
    }

    @Override
    public void close() {
        descriptor.close();
    }
}
