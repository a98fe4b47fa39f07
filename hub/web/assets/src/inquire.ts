// Asks the hub something for a part of a page; whoever is not signed in any more is led to where one does.

// Every script of a page is a bundle of its own, so the one that keeps what was typed hears of it as an event.
export const signInAgain = (): void => {
  document.dispatchEvent(new Event('hub:signed-out'))
}

export const inquire = async (address: string, init?: RequestInit): Promise<Response> => {
  const answer = await fetch(address, init)
  if (answer.status === 401) signInAgain()
  return answer
}
