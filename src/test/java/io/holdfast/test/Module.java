package io.holdfast.test;

import java.util.EnumSet;
import java.util.Set;

/** The folders of the repository that hold code, and which of the others each may know. */
enum Module {
    /** The log on disk. */
    JOURNAL("journal"),
    /** The Raft group. */
    CONSENSUS("consensus", JOURNAL),
    /** Linux ingress and egress. */
    CAPTURE("capture"),
    /** Checkpoints, sockets, replay. */
    RESTORE("restore", JOURNAL, CAPTURE),
    /** The service that wires the four together. */
    NODE("tools/node", JOURNAL, CONSENSUS, CAPTURE, RESTORE),
    /** The command line. */
    CLI("tools/cli", JOURNAL, CONSENSUS, CAPTURE, RESTORE, NODE),
    /** What is measured, and against what. */
    BENCHMARKS("benchmarks", JOURNAL, CONSENSUS, CAPTURE, RESTORE, NODE, CLI);

    private final String folder;
    private final Set<Module> knows;

    Module(String folder, Module... knows) {
        this.folder = folder;
        this.knows = Set.of(knows);
    }

    String folder() {
        return folder;
    }

    String shortName() {
        return folder.substring(folder.indexOf('/') + 1);
    }

    String packages() {
        return "io.holdfast." + shortName() + "..";
    }

    String artifact() {
        return "holdfast-" + shortName();
    }

    Set<Module> knows() {
        return knows.isEmpty() ? EnumSet.noneOf(Module.class) : EnumSet.copyOf(knows);
    }
}
