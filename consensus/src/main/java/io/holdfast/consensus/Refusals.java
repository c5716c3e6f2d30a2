package io.holdfast.consensus;

import java.net.InetSocketAddress;
import java.net.SocketAddress;

import org.slf4j.Logger;

/** Any thread: whom one end of the cluster's traffic turned away; counts all of them and logs one in a while. */
public final class Refusals {
    private static final long LOG_EVERY_NANOS = 5_000_000_000L;

    private final Logger log;
    private final String place;
    /** Guarded by this. */
    private final LogPace pace = new LogPace(LOG_EVERY_NANOS);
    private volatile Seen seen = Seen.NOBODY;

    /**
     * What was turned away since the process began.
     *
     * @param count       of connections
     * @param last        address and port of the last one, or null
     * @param reason      why, or null
     * @param epochMillis when, or 0
     */
    public record Seen(long count, String last, String reason, long epochMillis) {
        public static final Seen NOBODY = new Seen(0, null, null, 0);
    }

    /** @param place for the log: which end this is */
    public Refusals(Logger log, String place) {
        this.log = log;
        this.place = place;
    }

    /** @param what is refused, for people, up to the address that follows */
    public synchronized void refused(String what, SocketAddress who, String reason) {
        seen = new Seen(seen.count() + 1, text(who), reason, System.currentTimeMillis());
        if (pace.due(System.nanoTime())) {
            log.warn("{}: refused {} {}: {}{}", place, what, text(who), reason, pace.suppressed());
        }
    }

    private static String text(SocketAddress who) {
        return who instanceof InetSocketAddress at ? at.getAddress().getHostAddress() + ":" + at.getPort() : String.valueOf(who);
    }

    public Seen seen() {
        return seen;
    }
}
