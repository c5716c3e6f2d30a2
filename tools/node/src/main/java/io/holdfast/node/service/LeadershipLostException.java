package io.holdfast.node.service;

/** The term this node was working for is over: what it began is given up, without blame. */
final class LeadershipLostException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    LeadershipLostException(long term) {
        super("term " + term + " is over");
    }
}
