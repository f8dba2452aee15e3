// The main process has the token and the connection; the window gets candles and nothing else.
import { fileURLToPath } from 'node:url';
import { app, BrowserWindow, ipcMain } from 'electron';
import { CandlegateClient } from 'candlegate/client';

const client = new CandlegateClient({
  url: process.env['CANDLEGATE_URL'] ?? 'http://127.0.0.1:8000',
  token: process.env['CANDLEGATE_TOKEN'] ?? '',
});

function openWindow(): void {
  const window = new BrowserWindow({
    width: 1100,
    height: 700,
    webPreferences: {
      preload: fileURLToPath(new URL('preload.cjs', import.meta.url)),
      contextIsolation: true,
      nodeIntegration: false,
      sandbox: true,
    },
  });
  window.webContents.setWindowOpenHandler(() => ({ action: 'deny' }));
  window.webContents.on('will-navigate', (event) => event.preventDefault());
  void window.loadFile(fileURLToPath(new URL('index.html', import.meta.url)));
}

/** A window follows one channel until it is closed. */
ipcMain.on('follow', ({ sender }, symbol: unknown, interval: unknown) => {
  if (typeof symbol !== 'string' || typeof interval !== 'string') return;
  const closed = new AbortController();
  sender.once('destroyed', () => closed.abort());
  void (async () => {
    try {
      const options = { snapshot: 300, signal: closed.signal };
      for await (const candle of client.candles(symbol, interval, options)) {
        sender.send('candle', candle);
      }
    } catch (error) {
      if (!closed.signal.aborted) sender.send('failure', String(error));
    }
  })();
});

void app.whenReady().then(openWindow);
app.on('window-all-closed', () => app.quit());
app.on('quit', () => client.close());
