// Bundled as CommonJS: a sandboxed preload script is no module.
import { contextBridge, ipcRenderer } from 'electron';
import type { CandlegateBridge } from './bridge.ts';

const bridge: CandlegateBridge = {
  follow: (symbol, interval) => ipcRenderer.send('follow', symbol, interval),
  onCandle: (listener) => void ipcRenderer.on('candle', (_event, candle) => listener(candle)),
  onFailure: (listener) => void ipcRenderer.on('failure', (_event, text) => listener(text)),
};
contextBridge.exposeInMainWorld('candlegate', bridge);
