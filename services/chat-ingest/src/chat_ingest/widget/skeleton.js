// What the window consists of; its words come with the language.
const SKELETON = `
  <button class="launcher" type="button" aria-haspopup="dialog"><span class="badge" hidden></span></button>
  <section class="panel" role="dialog" aria-modal="true" aria-labelledby="title" hidden>
    <header>
      <span class="mark"></span>
      <div class="title"><h2 id="title"></h2><div class="status" role="status"></div></div>
      <button class="close icon-button" type="button"></button>
    </header>
    <div class="bar" hidden><span class="label"></span><strong></strong><button class="copy" type="button"></button></div>
    <p class="notice" role="status" hidden></p>
    <p class="queue" role="status" hidden></p>
    <form class="prechat" novalidate hidden></form>
    <div class="scroll" tabindex="0">
      <div class="greeting"><strong></strong><span></span></div>
      <div role="log" aria-live="polite" aria-relevant="additions"><ol></ol></div>
      <button class="newest" type="button" hidden></button>
    </div>
    <form class="composer">
      <div class="row">
        <label class="hidden" for="text"></label>
        <textarea id="text" name="text" rows="1" aria-describedby="count"></textarea>
        <button class="send" type="submit" aria-disabled="true"></button>
      </div>
      <p class="count" id="count" aria-live="polite" hidden></p>
    </form>
  </section>`;
