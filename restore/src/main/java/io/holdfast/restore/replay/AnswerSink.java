package io.holdfast.restore.replay;

import java.nio.ByteBuffer;

/**
 * Hears what a clone sends on one connection; called by the thread that replays. All numbers are the clone's.
 */
public interface AnswerSink {
    /** Hears nothing. */
    AnswerSink NONE = new AnswerSink() {
        @Override
        public void sent(int sequence, ByteBuffer packet, int offset, int count) {
            // Nobody listens.
        }

        @Override
        public void acknowledged(int next) {
            // Nobody listens.
        }

        @Override
        public void cut(long index, int wanted, int sent) {
            // Nobody listens.
        }

        @Override
        public void ended(boolean reset) {
            // Nobody listens.
        }
    };

    /** The clone sent bytes, perhaps not for the first time. */
    void sent(int sequence, ByteBuffer packet, int offset, int count);

    /** The client has acknowledged everything before this number. */
    void acknowledged(int next);

    /**
     * The client acknowledges more than the clone has sent: here the clone parts from the primary (I6).
     *
     * @param index  entry that acknowledges
     * @param wanted what it acknowledges
     * @param sent   what the clone has sent
     */
    void cut(long index, int wanted, int sent);

    /** The clone sent its FIN, or a reset; perhaps not for the first time. */
    void ended(boolean reset);
}
