package io.holdfast.consensus;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;

import io.holdfast.journal.Durability;
import io.holdfast.journal.FaultyStorage.Fault;

/** Owned by the simulation: what goes wrong next, and what operators do meanwhile. */
final class Disturbances {
    private static final long MS = SimulatedGroup.MS;
    /** One that hangs would hang the thread that is all members: see {@link HangingDiskTest}. */
    private static final Fault[] REPORTED = {Fault.FORCE, Fault.CLAIM, Fault.DIRECTORY, Fault.VOTE};

    /** What can happen; how often is its weight. */
    private enum Kind {
        /** kill -9; often of the leader. */
        KILL(4),
        /** Whoever is elected next dies within milliseconds: its first entries are held by some and committed by none. */
        FRESH_LEADER(3),
        /** One machine loses power. */
        POWER(2),
        /** All machines lose power at once; only where that loses nothing. */
        POWER_OF_ALL(1),
        /** A process or its machine stands still for a while (SIGSTOP, a long pause of the collector). */
        PAUSE(3),
        /** One member hears nobody and is not heard. */
        ISOLATED(3),
        /** One member hears the others, or is heard by them, and not the other way round. */
        DEAF_OR_MUTE(2),
        /** Two groups that do not hear each other. */
        SPLIT(2),
        /** Two groups that do not hear each other, and one member that hears both. */
        BRIDGE(2),
        /** One way between two members. */
        ONE_WAY(2),
        /** Messages are lost, doubled, late, out of order. */
        LOSS(2), DUPLICATION(2), DELAY(3),
        /** A disk that fails: fsync, claiming of blocks, the vote. */
        DISK(2),
        /** The members change. */
        MEMBERS(3),
        /** The lead is handed over. */
        TRANSFER(2),
        /** A member makes a snapshot and drops what it stands for. */
        COMPACTION(4),
        /** All that is wrong ends. */
        HEAL(8);

        private final int weight;

        Kind(int weight) {
            this.weight = weight;
        }
    }

    private final SimulatedGroup group;
    private final Random random;
    private final List<Kind> urn = new ArrayList<>();

    Disturbances(SimulatedGroup group) {
        this.group = group;
        this.random = group.random();
        for (Kind kind : Kind.values()) {
            urn.addAll(Collections.nCopies(kind.weight, kind));
        }
    }

    void next() {
        SimulatedMember one = someone();
        SimulatedNetwork network = group.network();
        switch (urn.get(random.nextInt(urn.size()))) {
            case KILL -> ifUp(one, () -> one.kill(random.nextLong(800 * MS)));
            case FRESH_LEADER -> group.killNextLeaderAfter(random.nextLong(3 * MS), random.nextLong(800 * MS));
            case POWER -> cutPower(one);
            case POWER_OF_ALL -> cutAllPower();
            case PAUSE -> one.pause(random.nextLong(600 * MS));
            case ISOLATED -> network.split(List.of(one), without(one));
            case DEAF_OR_MUTE -> deafOrMute(one);
            case SPLIT -> split(null);
            case BRIDGE -> split(one);
            case ONE_WAY -> network.cut(one, someone());
            case LOSS -> network.lose(random.nextDouble() * 0.3);
            case DUPLICATION -> network.duplicate(random.nextDouble() * 0.3);
            case DELAY -> network.delay(1 + random.nextLong(60 * MS), random.nextBoolean());
            case DISK -> failDisk(one);
            case MEMBERS -> group.changeMembers();
            case TRANSFER -> group.transfer();
            case COMPACTION -> ifUp(one, one::compact);
            case HEAL -> group.heal();
            default -> throw new IllegalStateException();
        }
        group.endRemoved();
    }

    private SimulatedMember someone() {
        SimulatedMember leader = group.leader();
        List<SimulatedMember> present = group.present();
        return leader != null && random.nextInt(3) == 0 ? leader : present.get(random.nextInt(present.size()));
    }

    private List<SimulatedMember> without(SimulatedMember one) {
        return group.members().stream().filter(m -> m != one).toList();
    }

    private static void ifUp(SimulatedMember member, Runnable then) {
        if (member.up() && !member.hasFailed()) {
            then.run();
        }
    }

    /** What an acknowledgement is worth where nothing is forced: fewer than a majority may forget at a time. */
    private boolean mayForget(SimulatedMember member) {
        return member.durability() == Durability.DISK || !member.mayHaveForgotten() && group.mayForgetOneMore();
    }

    private void cutPower(SimulatedMember one) {
        ifUp(one, () -> {
            if (mayForget(one)) {
                one.cutPower(random.nextLong(800 * MS));
            }
        });
    }

    private void cutAllPower() {
        for (SimulatedMember each : group.present()) {
            if (each.durability() == Durability.DISK) {
                ifUp(each, () -> each.cutPower(random.nextLong(300 * MS)));
            }
        }
    }

    private void deafOrMute(SimulatedMember one) {
        boolean deaf = random.nextBoolean();
        for (SimulatedMember other : without(one)) {
            group.network().cut(deaf ? other : one, deaf ? one : other);
        }
    }

    private void split(SimulatedMember bridge) {
        List<SimulatedMember> sides = new ArrayList<>(group.members());
        sides.remove(bridge);
        Collections.shuffle(sides, random);
        int half = 1 + random.nextInt(sides.size() - 1);
        group.network().split(sides.subList(0, half), sides.subList(half, sides.size()));
    }

    private void failDisk(SimulatedMember one) {
        ifUp(one, () -> {
            if (mayForget(one)) {
                one.failDisk(REPORTED[random.nextInt(REPORTED.length)], random.nextLong(500 * MS));
            }
        });
    }
}
