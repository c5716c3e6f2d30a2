package io.holdfast.node.service;

import com.fasterxml.jackson.databind.JsonNode;
import io.holdfast.consensus.GroupStatus;
import io.holdfast.consensus.Member;
import io.holdfast.journal.EntryKind;
import io.holdfast.node.config.ClusterMember;
import io.holdfast.node.config.ServiceConfig;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * One node more or one less in a service's group, on the thread that was asked for it. What the group would only find out
 * by waiting is looked at first: whether the new node is there and empty, and whether a majority is left.
 */
final class MemberChanges {
    private static final Logger LOG = LoggerFactory.getLogger(MemberChanges.class);
    private static final long COMMIT_TIMEOUT_MS = 5_000;
    /** A new member is sent everything first; the group itself gives one up that makes no progress. */
    static final long ADD_TIMEOUT_MS = TimeUnit.MINUTES.toMillis(30);
    private static final long REMOVE_TIMEOUT_MS = 30_000;
    private static final long REACHABLE_MS = 1_000;

    private final String nodeName;
    private final ServiceConfig service;
    private final ServiceReplica replica;
    private final ImageExchange exchange;

    MemberChanges(String nodeName, ServiceConfig service, ServiceReplica replica, ImageExchange exchange) {
        this.nodeName = nodeName;
        this.service = service;
        this.replica = replica;
        this.exchange = exchange;
    }

    /** @throws IllegalStateException with the reason why not */
    Map<String, Object> add(String name, String address, int adminPort) {
        requireLead();
        ClusterMember node = new ClusterMember(name, parse(address), adminPort);
        Member member = new Member(name, node.address(), service.groupPort());
        for (Member known : replica.members()) {
            if (known.name().equals(name)) {
                throw new IllegalStateException(name + " is a member already, at " + known.address().getHostAddress());
            }
            if (known.address().equals(node.address())) {
                throw new IllegalStateException(address + " is the address of member " + known.name());
            }
        }
        requireWaiting(node);
        requireMajority(Stream.concat(replica.members().stream(), Stream.of(member)).toList(), name);
        String place = address + ":" + adminPort;
        Bounded.await(replica.propose(EntryKind.EVENT, new EntryBodies.Event(EntryBodies.Event.MEMBER_PLACE, name,
                replica.term(), place)), COMMIT_TIMEOUT_MS, "to commit where " + name + " answers");
        Bounded.await(replica.addMember(member), ADD_TIMEOUT_MS, "adding " + name);
        LOG.info("service {}: {} at {} is a member now", service.name(), name, place);
        return members();
    }

    /** @throws IllegalStateException with the reason why not */
    Map<String, Object> remove(String name) {
        requireLead();
        List<Member> members = replica.members();
        List<Member> left = members.stream().filter(m -> !m.name().equals(name)).toList();
        if (left.size() == members.size()) {
            throw new IllegalStateException("'" + name + "' is not a member: " + names(members));
        }
        if (left.isEmpty()) {
            throw new IllegalStateException(name + " is the last member");
        }
        if (name.equals(nodeName)) {
            throw new IllegalStateException(name + " is the primary: hand over first (holdfast switchover)");
        }
        requireMajority(left, null);
        Bounded.await(replica.removeMember(name), REMOVE_TIMEOUT_MS, "removing " + name);
        LOG.info("service {}: {} is no member any more", service.name(), name);
        return members();
    }

    private Map<String, Object> members() {
        return Map.of("members", names(replica.members()));
    }

    private void requireLead() {
        if (!replica.leads(replica.term())) {
            String leader = replica.leader();
            throw new IllegalStateException(nodeName + " does not lead " + service.name()
                    + (leader == null ? "" : "; " + leader + " leads"));
        }
    }

    private static InetAddress parse(String address) {
        try {
            if (address.matches("\\d{1,3}(\\.\\d{1,3}){3}")) {
                return InetAddress.getByName(address);
            }
        } catch (UnknownHostException notAnAddress) {
            // falls through to the same message as any other text
        }
        throw new IllegalStateException("'" + address + "' is no literal IPv4 address");
    }

    /** One that holds anything, of this group or of another, could bring back what the group has forgotten. */
    private void requireWaiting(ClusterMember node) {
        String place = node.address().getHostAddress() + ":" + node.adminPort();
        JsonNode status;
        try {
            status = exchange.status(node);
        } catch (IOException e) {
            throw new IllegalStateException("no node answers at " + place + ": " + e.getMessage(), e);
        }
        if (!status.path("node").asText().equals(node.name())) {
            throw new IllegalStateException("the node at " + place + " is called '" + status.path("node").asText() + "', not '"
                    + node.name() + "'");
        }
        for (JsonNode each : status.path("services")) {
            if (each.path("name").asText().equals(service.name())) {
                requireJoining(node.name(), each);
                return;
            }
        }
        throw new IllegalStateException(node.name() + " does not run the service " + service.name());
    }

    private void requireJoining(String name, JsonNode status) {
        String state = status.path("state").asText();
        if (!state.equals(ServiceState.JOINING.name())) {
            String said = status.path("message").isNull() ? "" : ": " + status.path("message").asText();
            throw new IllegalStateException(name + " does not wait to be let in, but is " + state + said
                    + ". It must start with 'join: true' and an empty dataDir");
        }
    }

    /** A group without a majority that answers commits nothing, not even the next change. */
    private void requireMajority(List<Member> after, String newcomer) {
        List<String> reachable = replica.groupStatus().peers().stream()
                .filter(p -> p.heardAgoMs() >= 0 && p.heardAgoMs() < REACHABLE_MS).map(GroupStatus.PeerStatus::name).toList();
        List<String> answering = after.stream().map(Member::name)
                .filter(n -> n.equals(nodeName) || n.equals(newcomer) || reachable.contains(n)).toList();
        int majority = after.size() / 2 + 1;
        if (answering.size() < majority) {
            throw new IllegalStateException("of " + names(after) + " only " + answering + " answer now, and " + majority
                    + " are needed: the service would stand still");
        }
    }

    private static List<String> names(List<Member> members) {
        return members.stream().map(Member::name).toList();
    }
}
