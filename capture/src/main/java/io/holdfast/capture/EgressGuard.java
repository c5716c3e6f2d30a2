package io.holdfast.capture;

import io.holdfast.capture.linux.EventFd;
import io.holdfast.capture.linux.PollSet;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BooleanSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Owned by its own thread: the last words of connections. When a process is killed the kernel closes its sockets, and
 * each client hears a FIN or RST that the program never meant (net/ipv4/tcp.c, tcp_close); so does a client whose
 * packet finds no socket any more. Outgoing FIN and RST segments of the virtual address therefore take a queue of their
 * own, and go on only while the program is intact (I5). Data and plain acknowledgements never come here.
 *
 * <p>A process that is dying says so before its files are closed (kernel/exit.c: do_exit sets PF_EXITING in
 * exit_signals before exit_files), so a segment that arrives here because of its death is always recognised. Without a
 * listener the queue drops them, like the one for inbound packets (I3).
 */
public final class EgressGuard implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(EgressGuard.class);
    private static final int MAX_WAITING = 4096;
    private static final int RECEIVE_BUFFER_BYTES = 4 << 20;
    private static final int QUEUE = 0;

    private final IngressQueue queue;
    private final EgressGuardRules rules;
    private final BooleanSupplier intact;
    private final EventFd wakeUp = new EventFd();
    private final PollSet poll;
    private final AtomicLong dropped = new AtomicLong();
    private final Thread thread;
    private volatile boolean closing;

    private EgressGuard(String service, IngressQueue queue, EgressGuardRules rules, BooleanSupplier intact) {
        this.queue = queue;
        this.rules = rules;
        this.intact = Objects.requireNonNull(intact);
        this.poll = new PollSet(queue.descriptor(), wakeUp.number());
        this.thread = new Thread(this::run, "egress-" + service);
        this.thread.setDaemon(true);
    }

    /**
     * Puts the rules in and starts to listen.
     *
     * @param virtualAddress dotted
     * @param intact whether the program still runs and is not dying; asked once a segment, on the guard's thread
     */
    public static EgressGuard open(String service, String virtualAddress, String outsideInterface, int queueNumber,
            BooleanSupplier intact) {
        EgressGuardRules rules = new EgressGuardRules(service, virtualAddress, outsideInterface, queueNumber);
        IngressQueue queue = IngressQueue.open(queueNumber, MAX_WAITING, RECEIVE_BUFFER_BYTES);
        try {
            rules.install();
            EgressGuard guard = new EgressGuard(service, queue, rules, intact);
            guard.thread.start();
            return guard;
        } catch (RuntimeException e) {
            queue.close();
            throw e;
        }
    }

    /** Segments that were not let out; any thread. */
    public long dropped() {
        return dropped.get();
    }

    private void run() {
        try {
            while (!closing) {
                if (!readOne()) {
                    poll.await(-1);
                    wakeUp.clear();
                }
            }
        } catch (RuntimeException e) {
            LOG.error("The guard of outgoing FIN and RST ended; the kernel drops them from now on", e);
        } finally {
            queue.close();
        }
    }

    private boolean readOne() {
        int result = queue.receive();
        while (result == 1 && queue.next()) {
            boolean letOut = intact.getAsBoolean();
            queue.verdict(queue.packetId(), letOut ? IngressQueue.ACCEPT : IngressQueue.DROP);
            if (!letOut) {
                dropped.incrementAndGet();
            }
        }
        return result != 0;
    }

    /** Ends the thread and takes the rules out. */
    @Override
    public void close() {
        closing = true;
        wakeUp.signal();
        try {
            thread.join(1_000);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        rules.remove();
        wakeUp.close();
    }
}
