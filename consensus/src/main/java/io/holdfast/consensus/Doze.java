package io.holdfast.consensus;

import java.io.IOException;

/** How the runner thread waits for something to do; with real connections it reads them meanwhile. */
interface Doze {
    /**
     * Runner: takes in what has come, and waits for so long, at most, when nothing has.
     *
     * @param nanos 0 not to wait
     */
    void doze(long nanos) throws IOException;

    /** Any thread. Ends the wait that is under way, or the next one. */
    void wake();
}
