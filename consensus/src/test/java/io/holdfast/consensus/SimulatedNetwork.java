package io.holdfast.consensus;

import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.Random;
import java.util.Set;
import java.util.function.Function;

import org.jgroups.Address;
import org.jgroups.Message;

/**
 * Owned by the simulation: carries messages between members late, twice, out of order, or not at all, as one seed says.
 *
 * <p>A message reaches only the process it was sent to: what was on its way to one that died goes with its connection.
 * What a dead process sent before may still arrive.
 */
final class SimulatedNetwork {
    private static final long LEAST_DELAY = 50_000;

    private record Flying(long due, long order, Message message, SimulatedMember from, SimulatedMember to, int life) {
    }

    private record Way(SimulatedMember from, SimulatedMember to) {
    }

    private final Random random;
    private final Function<Address, SimulatedMember> byPlace;
    private final PriorityQueue<Flying> flying =
            new PriorityQueue<>(Comparator.comparingLong(Flying::due).thenComparingLong(Flying::order));
    private final Set<Way> cut = new HashSet<>();
    private final Map<Way, Long> lastDue = new HashMap<>();
    private double loss;
    private double duplication;
    private boolean reordering;
    private long maxDelay;
    private long order;

    SimulatedNetwork(Random random, Function<Address, SimulatedMember> byPlace) {
        this.random = random;
        this.byPlace = byPlace;
        heal();
    }

    void sent(SimulatedMember from, Message message, long now) {
        SimulatedMember to = byPlace.apply(message.getDest());
        if (to == null || !to.up()) {
            return;
        }
        int copies = random.nextDouble() < loss ? 0 : random.nextDouble() < duplication ? 2 : 1;
        for (int i = 0; i < copies; i++) {
            long due = now + LEAST_DELAY + random.nextLong(maxDelay);
            Way way = new Way(from, to);
            if (!reordering) {
                due = Math.max(due, lastDue.getOrDefault(way, 0L));
                lastDue.put(way, due);
            }
            flying.add(new Flying(due, order++, message, from, to, to.life()));
        }
    }

    void deliver(long now) {
        while (!flying.isEmpty() && flying.peek().due() <= now) {
            Flying next = flying.poll();
            boolean arrives = next.to().up() && next.to().life() == next.life() && !cut.contains(new Way(next.from(), next.to()));
            if (arrives) {
                next.to().raft().up(next.message());
            }
        }
    }

    /** A new connection between two members: nothing overtakes on it, and nothing of the old one holds it up. */
    void reconnected(SimulatedMember member) {
        lastDue.keySet().removeIf(way -> way.from() == member || way.to() == member);
    }

    void heal() {
        cut.clear();
        loss = 0;
        duplication = 0;
        reordering = false;
        maxDelay = SimulatedGroup.MS / 4;
    }

    void lose(double share) {
        loss = share;
    }

    void duplicate(double share) {
        duplication = share;
    }

    void delay(long nanos, boolean overtaking) {
        maxDelay = nanos;
        reordering = overtaking;
    }

    void cut(SimulatedMember from, SimulatedMember to) {
        cut.add(new Way(from, to));
    }

    void cutBoth(SimulatedMember one, SimulatedMember other) {
        cut(one, other);
        cut(other, one);
    }

    /** Nobody of the one side hears anybody of the other. */
    void split(List<SimulatedMember> one, List<SimulatedMember> other) {
        one.forEach(a -> other.forEach(b -> cutBoth(a, b)));
    }
}
