package io.holdfast.restore.replay;

import io.holdfast.capture.CaptureObserver;
import io.holdfast.capture.TcpView;

/** An agent's observer is there before the one it passes on to. */
final class PassOn implements CaptureObserver {
    volatile CaptureObserver to;

    @Override
    public void onCaptured(TcpView segment) {
        if (to != null) {
            to.onCaptured(segment);
        }
    }

    @Override
    public void onFailure(Throwable cause) {
        if (to != null) {
            to.onFailure(cause);
        }
    }
}
