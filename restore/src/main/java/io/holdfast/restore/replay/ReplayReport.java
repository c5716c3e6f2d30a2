package io.holdfast.restore.replay;

import io.holdfast.restore.connection.TcpTuple;
import java.util.List;

/**
 * What a replay did; immutable.
 *
 * @param entries packets the source gave
 * @param injected packets handed to the stack as they were or translated
 * @param skipped packets of connections that are not in the clone, and what is neither TCP nor UDP
 * @param held packets that had to wait for the clone
 * @param clamped acknowledgements of bytes the clone never sent, cut down to what it did
 * @param prodded acknowledgements made up of parts of later ones, to keep the clone sending
 * @param unread waits for the workload to read that were given up
 * @param answered packets the clone sent into the loopback
 */
public record ReplayReport(long entries, long injected, long skipped, long held, long clamped, long prodded,
                           long unread, long answered, long micros, List<Outcome> connections) {
    public ReplayReport {
        connections = List.copyOf(connections);
    }

    /**
     * One connection at the end of a replay.
     *
     * @param synIndex the entry of its SYN; 0 when it was in the image
     * @param established whether the client's acknowledgement of the handshake was among the packets
     * @param delta the clone's numbering of the server's side minus the client's; 0 while not established
     * @param cloneIsn the clone's initial number, when {@code synIndex} is not 0 and the clone answered
     * @param answered whether the clone answered the handshake
     * @param sent the number after the last byte the clone sent, in the client's numbering
     * @param acknowledged the highest number the client acknowledged
     * @param acknowledgedToClone the highest acknowledgement the clone was given, in its own numbering
     * @param diverged whether the clone did not send what the client acknowledged (I6)
     * @param cloneTsval the last timestamp the clone sent, when {@code hasCloneTsval}
     * @param resets how many resets the clone sent
     * @param finished whether the clone sent its FIN
     * @param given what the clone's socket must have received if the stack took in all that the client sent
     * @param farewell what the client is owed when the clone has closed; null when nothing, or when it is not known
     */
    public record Outcome(TcpTuple tuple, long synIndex, boolean established, int delta, int cloneIsn, boolean answered,
                          int sent, int acknowledged, int acknowledgedToClone, boolean diverged, boolean hasCloneTsval,
                          int cloneTsval, long resets, boolean finished, long given,
                          Farewell.Plan farewell) {
        /** Whether the client has asked for the connection and nothing shows yet that it saw the answer. */
        public boolean isPending() {
            return !established && synIndex != 0;
        }
    }
}
