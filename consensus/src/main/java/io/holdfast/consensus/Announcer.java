package io.holdfast.consensus;

import java.util.Objects;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Owned by the runner thread: shows role, term and leader, and tells the listener when it follows somebody else. */
final class Announcer {
    private static final Logger LOG = LoggerFactory.getLogger(Announcer.class);

    private final String self;
    private final Shown shown;
    private final GroupListener listener;
    private Role toldRole;
    private long toldTerm;
    private String toldLeader;

    Announcer(String self, Shown shown, GroupListener listener) {
        this.self = self;
        this.shown = shown;
        this.listener = listener;
    }

    /** The leader tells its listener by itself, once its first entry is committed. */
    void announce(Role role, long term, String leader) {
        shown.role = role;
        shown.term = term;
        shown.leader = leader;
        boolean other = toldRole == null || term != toldTerm || !Objects.equals(leader, toldLeader);
        if (!other && role == toldRole) {
            return;
        }
        LOG.info("{}: {} in term {}, leader {}", self, role, term, leader);
        boolean news = other || toldRole == Role.LEADER;
        toldRole = role;
        toldTerm = term;
        toldLeader = leader;
        if (role != Role.LEADER && news) {
            listener.onFollower(term, leader);
        }
    }
}
