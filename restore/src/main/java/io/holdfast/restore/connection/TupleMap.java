package io.holdfast.restore.connection;

import java.util.function.Consumer;
import java.util.function.Predicate;

/**
 * A hash map from the two endpoints of a connection to a value; owned by one thread.
 *
 * <p>Open addressing with linear probing over primitive keys, so that a look-up allocates nothing. Removing moves
 * later entries of the run back instead of leaving tombstones.
 *
 * @param <V> what is kept for a connection
 */
public final class TupleMap<V> {
    private static final int INITIAL_SLOTS = 64;

    private long[] clients = new long[INITIAL_SLOTS];
    private long[] servers = new long[INITIAL_SLOTS];
    private Object[] values = new Object[INITIAL_SLOTS];
    private int size;

    public int size() {
        return size;
    }

    /** The value of a connection, or null. */
    public V get(long client, long server) {
        return valueAt(slotOf(client, server));
    }

    public V get(TcpTuple tuple) {
        return get(tuple.client(), tuple.server());
    }

    /** Puts a value in the place of the one before, which is returned; null when there was none. */
    public V put(long client, long server, V value) {
        if (value == null) {
            throw new IllegalArgumentException("no value");
        }
        int slot = slotOf(client, server);
        V before = valueAt(slot);
        clients[slot] = client;
        servers[slot] = server;
        values[slot] = value;
        if (before == null && ++size * 2 > values.length) {
            grow();
        }
        return before;
    }

    public V put(TcpTuple tuple, V value) {
        return put(tuple.client(), tuple.server(), value);
    }

    /** Removes and returns the value of a connection; null when there is none. */
    public V remove(long client, long server) {
        int slot = slotOf(client, server);
        V value = valueAt(slot);
        if (value != null) {
            size--;
            closeGap(slot);
        }
        return value;
    }

    public void forEach(Consumer<? super V> action) {
        for (int slot = 0; slot < values.length; slot++) {
            if (values[slot] != null) {
                action.accept(valueAt(slot));
            }
        }
    }

    /** Removes every value the condition holds for. Returns how many. */
    public int removeIf(Predicate<? super V> condition) {
        Object[] old = values;
        long[] oldClients = clients;
        long[] oldServers = servers;
        int before = size;
        allocate(old.length);
        for (int slot = 0; slot < old.length; slot++) {
            @SuppressWarnings("unchecked") V value = (V) old[slot];
            if (value != null && !condition.test(value)) {
                put(oldClients[slot], oldServers[slot], value);
            }
        }
        return before - size;
    }

    private void grow() {
        Object[] old = values;
        long[] oldClients = clients;
        long[] oldServers = servers;
        allocate(old.length * 2);
        for (int slot = 0; slot < old.length; slot++) {
            @SuppressWarnings("unchecked") V value = (V) old[slot];
            if (value != null) {
                put(oldClients[slot], oldServers[slot], value);
            }
        }
    }

    private void allocate(int slots) {
        clients = new long[slots];
        servers = new long[slots];
        values = new Object[slots];
        size = 0;
    }

    /** Where the connection is, or the empty slot where it would be put. */
    private int slotOf(long client, long server) {
        int slot = home(client, server);
        while (values[slot] != null && (clients[slot] != client || servers[slot] != server)) {
            slot = slot + 1 & values.length - 1;
        }
        return slot;
    }

    private int home(long client, long server) {
        // Fibonacci hashing: ports and addresses differ in few low bits, the product spreads them to the high ones.
        long mixed = (client * 31 + server) * 0x9E3779B97F4A7C15L;
        return (int) (mixed >>> 40) & values.length - 1;
    }

    private void closeGap(int emptied) {
        int gap = emptied;
        int slot = gap;
        while (true) {
            slot = slot + 1 & values.length - 1;
            if (values[slot] == null) {
                break;
            }
            int home = home(clients[slot], servers[slot]);
            boolean movable = (slot - home & values.length - 1) >= (slot - gap & values.length - 1);
            if (movable) {
                clients[gap] = clients[slot];
                servers[gap] = servers[slot];
                values[gap] = values[slot];
                gap = slot;
            }
        }
        values[gap] = null;
    }

    @SuppressWarnings("unchecked")
    private V valueAt(int slot) {
        return (V) values[slot];
    }
}
