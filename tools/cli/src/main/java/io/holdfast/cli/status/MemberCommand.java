package io.holdfast.cli.status;

import com.fasterxml.jackson.databind.JsonNode;
import io.holdfast.cli.status.NodeStatus.MemberStatus;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.StreamSupport;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code holdfast member}: who belongs to a service's group, and one more or one less. Owned by the main thread. */
@Command(name = "member", mixinStandardHelpOptions = true, description = "Shows and changes the members of a running group.",
        footer = "Exit code 0: done. 1: not so. 2: wrong arguments.",
        subcommands = {MemberCommand.ListMembers.class, MemberCommand.Add.class, MemberCommand.Remove.class})
public final class MemberCommand implements Runnable {

    private static final Duration REMOVE_BOUND = Duration.ofSeconds(60);
    /** A new member is sent everything first. */
    private static final Duration ADD_BOUND = Duration.ofMinutes(30);

    @Spec
    private CommandSpec spec;

    @Override
    public void run() {
        throw new ParameterException(spec.commandLine(), "say list, add or remove");
    }

    /** {@code holdfast member list}. Owned by the main thread. */
    @Command(name = "list", mixinStandardHelpOptions = true, description = "Lists the members as the primary sees them.",
            footer = "Exit code 0: listed. 1: no node leads. 2: wrong arguments.")
    static final class ListMembers extends PrimaryCommand {

        @Override
        boolean fits(NodeStatus.ServiceStatus status) {
            return status.primary();
        }

        @Override
        int ask(ClusterQuestion.Answer primary, String name) {
            NodeStatus.ServiceStatus status = primary.status().service(name);
            out().printf("%-12s %-22s %-12s %s%n", "MEMBER", "ADMIN", "ROLE", "LAST ENTRY");
            for (MemberStatus member : status.members()) {
                String role = member.name().equals(status.leader()) ? "primary" : member.reachable() ? "standby" : "unreachable";
                out().printf("%-12s %-22s %-12s %s%n", member.name(), member.admin(), role,
                        member.lastIndex() < 0 ? "-" : Long.toString(member.lastIndex()));
            }
            out().flush();
            return 0;
        }
    }

    /** {@code holdfast member add}. Owned by the main thread. */
    @Command(name = "add", mixinStandardHelpOptions = true,
            description = "Lets a node in that was started with 'join: true' and an empty dataDir, and waits until it is a"
                    + " member: it is sent everything first and counts only then.",
            footer = "Exit code 0: it is a member. 1: not so. 2: wrong arguments.")
    static final class Add extends PrimaryCommand {

        @Parameters(index = "0", paramLabel = "NAME", description = "name of the node")
        private String member;

        @Parameters(index = "1", paramLabel = "ADDRESS[:PORT]", description = "its address, and its admin port if not 7070")
        private String place;

        @Override
        boolean fits(NodeStatus.ServiceStatus status) {
            return status.primary();
        }

        @Override
        int ask(ClusterQuestion.Answer primary, String name) {
            InetSocketAddress admin;
            try {
                admin = ClusterAddresses.parse(place);
            } catch (IllegalArgumentException e) {
                err().println(e.getMessage());
                return 2;
            }
            try {
                JsonNode answer = probe(primary).addMember(name, member, admin.getHostString(), admin.getPort(), ADD_BOUND);
                out().println("members of " + name + ": " + names(answer));
                out().flush();
                return 0;
            } catch (IOException e) {
                err().println("Not added: " + e.getMessage());
                return 1;
            }
        }
    }

    /** {@code holdfast member remove}. Owned by the main thread. */
    @Command(name = "remove", mixinStandardHelpOptions = true,
            description = "Removes a node, dead or alive. A primary hands over first, as by holdfast switchover.",
            footer = "Exit code 0: it is no member. 1: not so. 2: wrong arguments.")
    static final class Remove extends PrimaryCommand {

        @Parameters(index = "0", paramLabel = "NAME", description = "name of the node")
        private String member;

        @Override
        boolean fits(NodeStatus.ServiceStatus status) {
            return status.primary();
        }

        @Override
        int ask(ClusterQuestion.Answer primary, String name) throws InterruptedException {
            try {
                ClusterQuestion.Answer asked = primary.status().node().equals(member)
                        ? handOver(primary, name, null).live() : primary;
                JsonNode answer = probe(asked).removeMember(name, member, REMOVE_BOUND);
                out().println("members of " + name + ": " + names(answer));
                out().flush();
                return 0;
            } catch (IOException e) {
                err().println("Not removed: " + e.getMessage());
                return 1;
            }
        }
    }

    private static String names(JsonNode answer) {
        List<String> names = StreamSupport.stream(answer.path("members").spliterator(), false).map(JsonNode::asText).toList();
        return names.stream().collect(Collectors.joining(", "));
    }
}
