package io.holdfast.node.service;

import java.util.ArrayList;
import java.util.List;

import io.holdfast.journal.Journal;
import io.holdfast.node.config.NodeConfig;
import io.holdfast.node.config.ServiceConfig;

/**
 * An operator's word, given before the node runs: entries this machine may have lost when it lost power are not to be
 * waited for. Its votes count again like any other's.
 */
public final class AcceptedLoss {
    private AcceptedLoss() {
    }

    /** Names the services whose journals may have lost entries; none of them is said to have any more. */
    public static List<String> accept(NodeConfig node) {
        List<String> services = new ArrayList<>();
        for (ServiceConfig service : node.services()) {
            try (Journal journal = Journal.open(ServiceReplica.journalDir(node.serviceDir(service)),
                    service.journal().options(service.name()))) {
                if (journal.mayHaveForgotten()) {
                    journal.remembered();
                    services.add(service.name());
                }
            }
        }
        return services;
    }
}
