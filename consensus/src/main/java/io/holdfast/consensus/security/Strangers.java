package io.holdfast.consensus.security;

import java.net.InetAddress;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Predicate;

/**
 * Owned by its caller's thread, or guarded by it: connections whose other end has not shown yet that it may come in.
 *
 * <p>They are bounded for each address and in all. At an address where somebody is expected the oldest one goes, and what comes
 * from elsewhere takes no room there: a flood turns away its own. From elsewhere the newest one goes, before anything
 * has been spent on it: what an address can have worked out for it in a second is bounded too.
 *
 * @param <T> a connection
 */
public final class Strangers<T> {
    static final int MAX_OF_AN_ADDRESS = 8;
    static final int MAX_UNEXPECTED = 32;

    private final Predicate<InetAddress> expected;
    /** Oldest first. */
    private final Map<T, Origin> present = new LinkedHashMap<>();

    private record Origin(InetAddress address, boolean expected) {
    }

    /** @param expected whether a member of the cluster is known to be at this address; may change its mind */
    public Strangers(Predicate<InetAddress> expected) {
        this.expected = expected;
    }

    public boolean isExpected(InetAddress from) {
        return expected.test(from);
    }

    /** Whether another one from this address may be added. */
    public boolean hasRoom(InetAddress from) {
        if (isExpected(from)) {
            return true;
        }
        int unexpected = 0;
        int ofThisAddress = 0;
        for (Origin each : present.values()) {
            ofThisAddress += each.address().equals(from) ? 1 : 0;
            unexpected += each.expected() ? 0 : 1;
        }
        return ofThisAddress < MAX_OF_AN_ADDRESS && unexpected < MAX_UNEXPECTED;
    }

    /** Adds one; returns another of the same address that has to go for it, or null. */
    public T add(T newcomer, InetAddress from) {
        T oldest = null;
        int before = 0;
        for (Map.Entry<T, Origin> each : present.entrySet()) {
            if (each.getValue().address().equals(from)) {
                oldest = oldest == null ? each.getKey() : oldest;
                before++;
            }
        }
        present.put(newcomer, new Origin(from, isExpected(from)));
        if (before < MAX_OF_AN_ADDRESS) {
            return null;
        }
        present.remove(oldest);
        return oldest;
    }

    /** It is known now, or gone; false when it had to go already. */
    public boolean remove(T known) {
        return present.remove(known) != null;
    }
}
