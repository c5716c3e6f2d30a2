package io.holdfast.restore.connection;

import java.util.ArrayList;
import java.util.List;

/**
 * A connection that was open or opening at a mark and that the workload had not accepted, so that no image holds it;
 * immutable. It belongs in the checkpoint's manifest: replay gives it all its packets, those before the mark too.
 *
 * @param synIndex the entry of its SYN
 */
public record InFlightConnection(TcpTuple tuple, long synIndex) {

    /**
     * Those among the sockets of the primary, listed while the gate is closed for the mark.
     *
     * <p>A connection that is accepted between this list and the freezing of the workload is in both: replay sees it
     * in the image and gives it nothing twice.
     *
     * @param table with every packet released so far applied
     */
    public static List<InFlightConnection> among(List<TcpSocket> sockets, ConnectionTable table) {
        List<InFlightConnection> found = new ArrayList<>();
        for (TcpSocket socket : sockets) {
            boolean notAccepted = switch (socket.state()) {
                case SYN_RECV, NEW_SYN_RECV -> true;
                // Closed by the client before it was accepted. One the workload has closed is never in these states.
                case ESTABLISHED, CLOSE_WAIT -> socket.inode() == 0;
                default -> false;
            };
            Connection known = notAccepted ? table.find(socket.tuple()) : null;
            if (known != null) {
                found.add(new InFlightConnection(socket.tuple(), known.pendingSynIndex()));
            }
        }
        return found;
    }
}
